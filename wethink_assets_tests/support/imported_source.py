"""Stages of a batch one after another with real models and without Dagster: each closes, then is published, as a run does it."""

from collections.abc import Sequence

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.registry import Models
from wethink_assets.sources.batches import list_batches, membership_digest, read_membership
from wethink_assets.stages.order import stage_names, upstream_of
from wethink_assets.stages.output import StageOutput, require_closed
from wethink_assets.stages.spec import BatchWork
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.replay import configuration_of, keep_configuration

EMBEDDED = Settings.model_validate({"pipeline": {"prompt_pack": "embedded", "batch_size": 32}})
"""Settings of the embedded models."""


def run_batches(
    store: Store, source: str, settings: Settings = EMBEDDED, batches: Sequence[str] | None = None
) -> dict[str, dict[str, StageOutput]]:
    """Take batches of a source through all stages; their outputs by batch and stage."""
    chosen = list_batches(store, source) if batches is None else batches
    with Models(settings) as models:
        return {batch: _run(store, settings, models, batch) for batch in chosen}


def _run(store: Store, settings: Settings, models: Models, batch: str) -> dict[str, StageOutput]:
    made: dict[str, StageOutput] = {}
    versions: dict[str, str] = {}
    for name in stage_names():
        stage, upstream = STAGES[name], upstream_of(name)
        inputs = [made[each].results for each in upstream]
        members = None if upstream else read_membership(store, batch)
        provenance = {}
        if stage.prompts:
            with Synthesis.open(settings, store, models, name, batch) as session:
                made[name] = stage.run(*inputs, session)
                kept = keep_configuration(store, configuration_of(settings, session.models, stage.roles))
                provenance = {**session.provenance(), "configuration": kept}
        else:
            made[name] = stage.run(*inputs, BatchWork(settings, Blobs(store), batch))
        source = inputs[0] if members is None else members
        require_closed(name, stage.expected_of(source, settings, store, batch), made[name], stage.item)
        read = {each: versions[each] for each in upstream} or {
            "image_batches": membership_digest(read_membership(store, batch))
        }
        commit = Tables(store).publish(name, batch, made[name], Provenance(run_id="run-1", inputs=read, **provenance))
        versions[name] = commit.data_version
    return made
