"""Jobs of the launchpad about single rows and images: `explain`, `where` and `retract`, as the commands of these names."""

from enum import Enum

import dagster as dg
from pydantic import Field

from wethink_assets.dataset.lineage.image import whereabouts
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.takedown.takedown import find_subject, take_down, takedown_impact
from wethink_assets.defs.metadata.stories import gathered, row_metadata, takedown_metadata
from wethink_assets.defs.stages.publication import fitting, reason_told
from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store

IMAGE = "image id, its first 6 digits or more, or a file of a source such as coco/0001.jpg"


class Row(dg.Config):
    """Which row is explained."""

    row: str = Field(
        "",
        description="row id or its start, in quotes (digits alone are a number else); the table `sample` of a version shows some",
    )
    version: str = Field("", description="version to explain it from; empty: the newest that holds it")


class Image(dg.Config):
    """Which image is looked for."""

    image: str = Field("", description=f"{IMAGE}; in quotes")


class Kind(Enum):
    """What a name stands for."""

    any = ""
    image = "image"
    source = "source"
    licence = "licence"


class Subject(dg.Config):
    """What is taken down."""

    subject: str = Field("", description=f"{IMAGE}; a source; or a licence as rows name it")
    kind: Kind = Field(Kind.any, description="what the subject is, if its name could mean several")
    reason: str = Field("", description="kept in the record of the takedown")
    dry_run: bool = Field(False, description="only show what would be affected")


def lineage_jobs() -> list[dg.JobDefinition]:
    """`explain`, `where` and `retract`."""

    @dg.op(
        description="Tell a row's story: picture, texts, the run and models of each stage, and the versions that hold it."
    )
    def explain_one(context: dg.OpExecutionContext, config: Row, store: dg.ResourceParam[Store]) -> None:
        with reason_told(context):
            row = _given(config.row, "row", "a row id, such as the table `sample` of a version's page shows")
            story = explain_row(store, row, config.version.strip() or None)
        context.add_output_metadata(fitting(row_metadata(store, story)))

    @dg.op(
        description="Tell where an image is used: its files, and every row, version, training run and score that it is part of."
    )
    def find_image(context: dg.OpExecutionContext, config: Image, store: dg.ResourceParam[Store]) -> None:
        with reason_told(context):
            stories = whereabouts(store, _given(config.image, "image", IMAGE))
        context.add_output_metadata(fitting(gathered(stories)))

    @dg.op(
        description="Take an image, a source or a licence down: nothing new is made of it, and versions that hold it are listed."
    )
    def take_one_down(context: dg.OpExecutionContext, config: Subject, store: dg.ResourceParam[Store]) -> None:
        with reason_told(context):
            name = _given(config.subject, "subject", f"{IMAGE}, a source or a licence")
            subject = find_subject(store, name, None if config.kind is Kind.any else config.kind.value)
            if config.dry_run:
                context.log.info(f"nothing is taken down yet: dry_run is true; {subject} would be")
                new = False
            else:
                _, new = take_down(store, subject, config.reason)
                context.log.info(f"{subject} {'is' if new else 'was already'} taken down")
        label = f"{subject}{' (dry run: not yet)' if config.dry_run else ''}"
        context.add_output_metadata(fitting(takedown_metadata(label, takedown_impact(store, subject), new)))

    @dg.job(
        description="Where a row comes from: image, texts, stages with their runs and models, versions. Its launchpad takes the row."
    )
    def explain() -> None:
        explain_one()

    @dg.job(
        description="What an image became part of: files, rows, versions, training runs. Its launchpad takes the image."
    )
    def where() -> None:
        find_image()

    @dg.job(
        description=(
            "Takedown of an image, a source or a licence: ingestion refuses it from then on, new versions and exports leave it out. "
            "`dry_run` shows what it would affect. Existing versions are not edited; `wethink retract --erase` also deletes."
        )
    )
    def retract() -> None:
        take_one_down()

    return [explain, where, retract]


def _given(value: str, field: str, what: str) -> str:
    """A field of the launchpad that may not be empty. Raises `VersionError` that says what it takes."""
    if not value.strip():
        raise VersionError(f"`{field}` is empty: write {what} into it on the launchpad")
    return value.strip()
