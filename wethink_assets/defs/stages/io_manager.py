"""The IO manager of stage tables, the only one: it takes outputs to the store and back, and pickles nothing."""

from dataclasses import dataclass, field

import dagster as dg

from wethink_assets.dataset.inventory.sealing import seal_batch
from wethink_assets.dataset.lineage.openlineage.emission import completed, ended
from wethink_assets.dataset.lineage.openlineage.events import LineageRun
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables


@dataclass(frozen=True, slots=True)
class Publication(StageOutput):
    """A stage's output that closes, with what its commit is to say about how it came about."""

    provenance: Provenance = field(default_factory=Provenance)


class StageTables(dg.IOManager):
    """Keeps both tables of a stage under its asset and batch; a load gives the commit in force.

    Paths are content-addressed by `Tables`, which is why this is no `UPathIOManager`.
    """

    def __init__(self, store: Store) -> None:
        self.tables = Tables(store)

    def handle_output(self, context: dg.OutputContext, obj: StageOutput) -> None:
        """Publish a stage's tables. Anything but a `StageOutput` is refused: nothing is pickled here."""
        if not isinstance(obj, StageOutput):
            raise TypeError(
                f"{context.get_identifier()}: only stage outputs are stored, this is a {type(obj).__name__}"
            )
        provenance = obj.provenance if isinstance(obj, Publication) else Provenance(run_id=context.run_id)
        asset, batch = context.asset_key.to_user_string(), context.asset_partition_key
        try:
            commit = self.tables.publish(asset, batch, obj, provenance)
        except Exception as error:
            ended(self.tables.store, LineageRun(job=asset, partition=batch, parent=context.run_id), error)
            raise
        completed(self.tables.store, commit, obj.results.schema, context.run_id)
        if asset == stage_names()[-1]:  # once a batch: a link of the chain for each stage would be many small files
            seal_batch(self.tables.store, batch, command="wethink run")
        edited = {f"edited by hand: {how}": rows for how, rows in commit.edited.items()}
        context.add_output_metadata(
            {"commit": commit.number, "tables": self.tables.store.link(commit.folder), **edited}
        )

    def load_input(self, context: dg.InputContext) -> StageOutput:
        """Both tables in force of the upstream asset, at this batch."""
        return self.tables.load(context.asset_key.to_user_string(), context.asset_partition_key)
