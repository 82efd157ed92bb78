"""Records of finished studies in the store: `studies/<name>/<digest>/`, its `study.json` written last."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from wethink_assets.storage.records import create_record, read_record
from wethink_assets.storage.store import Store
from wethink_assets.training.studies.catalog import STUDIES

SCHEMA_VERSION = 1
FOLDER = "studies"
RECORD = "study.json"
HELD_OUT = "held-out rows"
SCENES = "drawn scenes"


class Figure(BaseModel):
    """A mean over seeds and samples with its 95% interval."""

    model_config = ConfigDict(frozen=True)

    mean: float
    low: float
    high: float


class Score(BaseModel):
    """Accuracy of a variant on one group of samples.

    n: samples; gain: over the untrained model; difference: from the reference variant with the same seeds, None for itself.
    """

    model_config = ConfigDict(frozen=True)

    n: int
    accuracy: Figure
    gain: Figure
    difference: Figure | None = None


class Run(BaseModel):
    """One training of a variant.

    policy: digest of what it came to; failure: why there is none; gains: paired, over the untrained model, by set of samples and group.
    """

    model_config = ConfigDict(frozen=True)

    seed: int
    key: str
    policy: str
    model: str = ""
    failure: str = ""
    cost: dict[str, Any] = {}
    steps: dict[str, int] = {}
    rows: int = 0
    gains: dict[str, dict[str, dict[str, float]]] = {}


class Outcome(BaseModel):
    """What a variant came to: its runs, and its scores by set of samples (`held-out rows`, `drawn scenes`) and group (`all`, then kinds)."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: str
    changes: dict[str, Any]
    reference: bool
    runs: tuple[Run, ...]
    scores: dict[str, dict[str, Score]]


class StudyRecord(BaseModel):
    """A study: what was asked, of what, with which settings, and what came of it.

    base: accuracy of the untrained model by set of samples and group; settings: the recipe that all variants share; commit: of the code, empty
    where it is no git checkout; seconds: by the clock, of the pass that finished it, which trained `trained` of its policies.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    digest: str
    study: str
    question: str
    version: str
    manifest: str
    recipe: str
    profile: str
    seeds: tuple[int, ...]
    settings: dict[str, Any]
    base_model: dict[str, str]
    base: dict[str, dict[str, float]]
    outcomes: tuple[Outcome, ...]
    created: datetime
    commit: str = ""
    seconds: float = 0.0
    trained: int = 0
    machine: dict[str, Any] = {}
    libraries: dict[str, str] = {}

    @property
    def folder(self) -> str:
        """Where it lies, relative to the store's root."""
        return study_folder(self.study, self.digest)

    @property
    def failures(self) -> dict[str, str]:
        """Why trainings could not be finished, by key."""
        return {run.key: run.failure for outcome in self.outcomes for run in outcome.runs if run.failure}

    @property
    def sets(self) -> list[str]:
        """Sets of samples that were asked."""
        return [name for name in (HELD_OUT, SCENES) if name in self.base]


def study_folder(study: str, digest: str) -> str:
    """`studies/<name>/<digest>`."""
    return f"{FOLDER}/{study}/{digest[:24]}"


def read_study(store: Store, study: str, digest: str) -> StudyRecord | None:
    """A study by its digest, or the first 24 digits of it; None when it was not finished. Raises `StoreError` when its file is damaged."""
    return read_record(store, f"{study_folder(study, digest)}/{RECORD}", StudyRecord)


def list_studies(store: Store, study: str = "") -> list[StudyRecord]:
    """Finished studies (of one name, or all), oldest first."""
    names = [study] if study else list(STUDIES)
    records = [read_study(store, name, digest) for name in names for digest in store.names(f"{FOLDER}/{name}")]
    return sorted((record for record in records if record is not None), key=lambda record: record.created)


def publish_study(store: Store, record: StudyRecord, files: dict[str, bytes]) -> StudyRecord:
    """Publish files of a study, then its record, which makes it exist. Of two writers of one digest the first one counts."""
    for name, data in files.items():
        store.publish(f"{record.folder}/{name}", data)
    create_record(store, f"{record.folder}/{RECORD}", record)
    return read_study(store, record.study, record.digest) or record
