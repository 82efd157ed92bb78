"""Stage tables of small batches, published as the pipeline publishes them, for tests of what comes after."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import imagehash
import polars as pl
from PIL import Image

from wethink_assets.dedup.signatures import sign_rows
from wethink_assets.identity import digest_of, sha256_hex
from wethink_assets.stages import schemas
from wethink_assets.stages.order import stage_names, upstream_of
from wethink_assets.stages.output import StageOutput, rejections, require_closed
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets.synthesis.prompt_packs import prompt_path
from wethink_assets_tests.support.question_tables import Asked, synthesized

MODELS = {
    "descriptions": ("describer", "reasoner"),
    "questions": ("reasoner",),
    "answers": ("describer", "reasoner", "adjudicator"),
}


@dataclass
class Grower:
    """Publishes batches into a store."""

    store: Store
    models: dict[str, str] = field(
        default_factory=lambda: {"describer": "seer-1", "reasoner": "thinker-1", "adjudicator": "third-1"}
    )
    prompt: str = ""  # text of the prompt of questions, kept in the store; without one, only a hash is told

    def grow(
        self,
        batch: str,
        pictures: Sequence[tuple[bytes, Sequence[Asked]]],
        licence: str = "CC-BY-4.0",
        already: Sequence[tuple[str, str]] = (),
        run_id: str = "run-1",
        stages: Sequence[str] = stage_names(),
    ) -> None:
        """Publish all stage tables of one batch of encoded images, each with its questions.

        already: (file name, image id) of files of the batch that hold an image known from another batch.
        """
        source = batch.rpartition(".")[0]
        outputs = {"images": self._images(batch, source, licence, [data for data, _ in pictures], already)}
        outputs |= synthesized(self.store, batch, [(sha256_hex(data), asked) for data, asked in pictures])
        published: dict[str, str] = {}
        for asset in stages:
            if asset == "signatures":
                paths, questions, images = (
                    outputs[name].results for name in ("reasoning_paths", "questions", "images")
                )
                outputs[asset] = sign_rows(paths, questions, images, Blobs(self.store))
                require_closed(asset, paths["slot"], outputs[asset], "slot")
            provenance = Provenance(
                run_id=run_id,
                code_version="logic-1",
                prompts={"question": self._prompt()} if asset == "questions" else {},
                models={role: self._model(role) for role in MODELS.get(asset, ())},
                inputs={upstream: published[upstream] for upstream in upstream_of(asset) if upstream in published},
                started=datetime.now(UTC),
            )
            published[asset] = Tables(self.store).publish(asset, batch, outputs[asset], provenance).data_version

    def _prompt(self) -> str:
        if not self.prompt:
            return digest_of("question prompt")
        sha256 = sha256_hex(self.prompt.encode())
        self.store.create(prompt_path(sha256), self.prompt.encode())
        return sha256

    def _model(self, role: str) -> dict[str, Any]:
        return {"model_id": self.models[role], "revision": digest_of(self.models[role])[:16], "temperature": 0.0}

    def _images(
        self, batch: str, source: str, licence: str, blobs: Sequence[bytes], already: Sequence[tuple[str, str]]
    ) -> StageOutput:
        rows = []
        for number, data in enumerate(blobs):
            image = Image.open(io.BytesIO(data))
            suffix = (image.format or "png").lower()
            rows.append(
                {
                    "image_id": sha256_hex(data),
                    "item": f"images/{number:04d}.{suffix}",
                    "source": source,
                    "batch": batch,
                    "licence": licence,
                    "blob": Blobs(self.store).put(data, suffix),
                    "format": suffix,
                    "width": image.width,
                    "height": image.height,
                    "mode": image.mode,
                    "frames": 1,
                    "orientation": 1,
                    "bytes": len(data),
                    "phash": str(imagehash.phash(image.convert("RGB"))),
                    "schema_version": 1,
                }
            )
        refused = [
            {"item": i, "stage": "images", "reason": "already_ingested", "detail": f"image {d} of another batch"}
            for i, d in already
        ]
        return StageOutput(pl.DataFrame(rows, schema=schemas.IMAGES).sort("item"), rejections(refused))
