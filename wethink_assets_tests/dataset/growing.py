"""Stage tables of small batches, published as the pipeline publishes them, for tests of what comes after."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import imagehash
import polars as pl
from PIL import Image

from wethink_assets import schemas
from wethink_assets.dedup.signatures import sign_rows
from wethink_assets.identity import digest_of, row_id, sha256_hex, slot_id
from wethink_assets.models.chat import Completion
from wethink_assets.planning.stages import UPSTREAM
from wethink_assets.stages import StageOutput, rejections, require_closed
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.journal import Call, Journal
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets.synthesis.kept_prompts import prompt_path

MODELS = {
    "descriptions": ("describer", "reasoner"),
    "questions": ("reasoner",),
    "answers": ("describer", "reasoner", "adjudicator"),
}


@dataclass(frozen=True)
class Asked:
    """One question of an image and what became of it: kept, or rejected by the stage `rejected_by`."""

    question: str
    answer: str
    kind: str = "FIB"
    options: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ("Reasoning", "Recognition")
    agreed: bool = True
    rejected_by: str = ""


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
        stages: Sequence[str] = tuple(UPSTREAM),
    ) -> None:
        """Publish all stage tables of one batch of encoded images, each with its questions.

        already: (file name, image id) of files of the batch that hold an image known from another batch.
        """
        source = batch.rpartition(".")[0]
        outputs = {"images": self._images(batch, source, licence, [data for data, _ in pictures], already)}
        outputs |= self._synthesized(batch, [(sha256_hex(data), asked) for data, asked in pictures])
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
                inputs={upstream: published[upstream] for upstream in UPSTREAM[asset] if upstream in published},
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

    def _synthesized(self, batch: str, pictures: Sequence[tuple[str, Sequence[Asked]]]) -> dict[str, StageOutput]:
        tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("descriptions", "questions", "answers", "reasoning_paths")
        }
        refused: dict[str, list[dict[str, str]]] = {name: [] for name in tables}
        journals = {name: Journal(self.store, name, batch) for name in tables}
        for image, questions in pictures:
            described = self._call(journals["descriptions"], "describe", image, f"A picture named {image[:6]}.")
            dialogue = [{"request": "What else?", "reply": "Nothing else."}]
            fine = {
                "image_id": image,
                "coarse": "A picture.",
                "dialogue": dialogue,
                "turns": 1,
                "fine": f"A fine picture, {image[:6]}.",
            }
            tables["descriptions"].append({**fine, "calls": [described], "schema_version": 1})
            ordinals: dict[str, int] = {}
            for asked in questions:
                ordinal = ordinals.get(asked.kind, 0)
                ordinals[asked.kind] = ordinal + 1
                slot = slot_id(image, asked.kind, ordinal)
                ids = {
                    "slot": slot,
                    "row_id": row_id(image, asked.kind, asked.question, asked.options),
                    "image_id": image,
                }
                if asked.rejected_by == "questions":
                    refused["questions"].append(
                        {"item": slot, "stage": "questions", "reason": "unanswerable", "detail": "guessing"}
                    )
                    continue
                calls = [self._call(journals["questions"], "question", slot, asked.question)]
                tables["questions"].append(
                    {
                        **ids,
                        "kind": asked.kind,
                        "ordinal": ordinal,
                        "question": asked.question,
                        "options": list(asked.options),
                        "proposed_answer": asked.answer,
                        "category": "colours",
                        "abilities": list(asked.abilities),
                        "calls": calls,
                        "schema_version": 1,
                    }
                )
                if asked.rejected_by == "answers":
                    refused["answers"].append(
                        {"item": slot, "stage": "answers", "reason": "no_agreement", "detail": "neither"}
                    )
                    continue
                tables["answers"].append(
                    {
                        **ids,
                        "kind": asked.kind,
                        "image_answer": asked.answer,
                        "image_thought": "I look.",
                        "text_answer": asked.answer if asked.agreed else "something else",
                        "text_thought": "I read.",
                        "agreed": asked.agreed,
                        "agreement": "letter" if asked.kind == "MC" else "text",
                        "score": 1.0 if asked.agreed else 0.0,
                        "verdict": "none" if asked.agreed else "first",
                        "answer": asked.answer,
                        "calls": [self._call(journals["answers"], "answer_image", slot, asked.answer)],
                        "schema_version": 1,
                    }
                )
                path = f"I look, so it is {asked.answer}."
                calls = [self._call(journals["reasoning_paths"], "rewrite", slot, path)]
                tables["reasoning_paths"].append(
                    {
                        **ids,
                        "answer": asked.answer,
                        "raw_cot": f"Hm. {path}",
                        "refined_cot": path,
                        "calls": calls,
                        "schema_version": 1,
                    }
                )
        for journal in journals.values():
            journal.compact()
        shapes = {
            "descriptions": schemas.DESCRIPTIONS,
            "questions": schemas.QUESTIONS,
            "answers": schemas.ANSWERS,
            "reasoning_paths": schemas.REASONING_PATHS,
        }
        return {
            name: StageOutput(
                pl.DataFrame(rows, schema=shapes[name]).sort("image_id" if name == "descriptions" else "slot"),
                rejections(refused[name]),
            )
            for name, rows in tables.items()
        }

    def _call(self, journal: Journal, prompt: str, item: str, text: str) -> str:
        key = digest_of([prompt, item, text])
        reply = Completion(text, 10, 5, "stop", "seer-1")
        journal.add(Call(key, "describer", prompt, item, 0, reply, 0.1, datetime.now(UTC)))
        return key


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """Bytes of an image."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()
