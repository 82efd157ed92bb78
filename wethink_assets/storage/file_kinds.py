"""Kinds of files that a store consists of: what each path holds, how it is written, what depends on it and what mends it.

Whoever looks at all files of a store (seals, verification, garbage collection, migration) asks this list. A file that no entry knows is foreign.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["KINDS", "FileKind", "KnownFile", "Nature", "known_file"]


class Nature(StrEnum):
    """How files of a kind are written."""

    IMMUTABLE = "immutable"
    """Written once: other bytes are damage, but for rows that an erasure took out."""
    PART = "part"
    """Written once, and removed when a later part of its folder holds the same."""
    REPLACED = "replaced"
    """Written anew by the commands that keep it."""
    LEASE = "lease"
    """Written every few seconds while a process holds it, and removed by the next holder."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file.

    pattern: of its whole path. Groups: `batch` and `version` name what it belongs to; `sha256` is how the hash of its bytes begins.
    dependents: what is wrong or lost where such a file is.
    remedy: what mends it, beside a replica.
    closed_by: file of the folder `root` (a group) after which no more are written to it.
    rerun: a run of its batch makes it again, once the batch is marked for one.
    remade: once it is gone, the next command that needs it makes it again, from what is kept elsewhere, so that nothing is lost with it.
    """

    name: str
    pattern: re.Pattern[str]
    nature: Nature
    dependents: str
    remedy: str
    closed_by: str = ""
    rerun: bool = False
    remade: bool = False


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A path with its kind and what its path says."""

    path: str
    kind: FileKind
    parts: Mapping[str, str]

    @property
    def batch(self) -> str:
        """Key of the batch that it belongs to, or nothing."""
        source, number = self.parts.get("source"), self.parts.get("number")
        return self.parts.get("batch") or (f"{source}.{number}" if source and number else "")

    @property
    def closer(self) -> str:
        """Path of the file that closes its folder, or nothing."""
        return f"{self.parts['root']}/{self.kind.closed_by}" if self.kind.closed_by else ""


_SHA = r"[0-9a-f]{64}"
_HALF = r"[0-9a-f]{32}"
_RUN = "`wethink run` makes the batch again, answered calls from its journal"
_KEPT = "only a replica has it"
_AGAIN = "the command that wrote it writes it again"


_FIXED, _PART, _REPLACED, _LEASE = Nature.IMMUTABLE, Nature.PART, Nature.REPLACED, Nature.LEASE
_ENTRIES: tuple[tuple[str, str, Nature, str, str, str], ...] = (
    (
        "store format",
        r"format\.json",
        _REPLACED,
        "which releases may write to the store",
        "the next write makes it",
        "",
    ),
    (
        "probe of conditional puts",
        r"\.probe-[0-9a-f]{16}",
        _LEASE,
        "nothing",
        "it is what a kill left, and may be deleted",
        "",
    ),
    (
        "image",
        rf"blobs/[0-9a-f]{{2}}/(?P<sha256>{_SHA})\.[^/.]+",
        _FIXED,
        "rows about the image",
        "`wethink run` reads it from its source again once the file is gone",
        "",
    ),
    ("claim", rf"claims/[0-9a-f]{{2}}/{_SHA}(\.\d+)?\.json", _FIXED, "which batch holds the image", _KEPT, ""),
    (
        "occurrence",
        rf"claims/[0-9a-f]{{2}}/{_SHA}/{_HALF}\.json",
        _FIXED,
        "where else the image was found",
        _KEPT,
        "",
    ),
    ("rejected content", rf"rejected/[0-9a-f]{{2}}/{_SHA}\.json", _FIXED, "why a content is known", _KEPT, ""),
    (
        "batch listing",
        r"batches/(?P<source>[^/]+)/(?P<number>\d+)\.parquet",
        _FIXED,
        "the members of the batch",
        _KEPT,
        "",
    ),
    (
        "source listing",
        r"listings/[^/]+/[^/]+\.json",
        _REPLACED,
        "what is registered of the source",
        "`wethink register` lists the source again",
        "",
    ),
    (
        "archive index",
        r"indexes/[^/]+\.(parquet|json)",
        _FIXED,
        "the listing of an archive",
        "without it `wethink register` reads the archive again",
        "",
    ),
    (
        "ignored members",
        r"ignored/[^/]+\.json\.gz",
        _REPLACED,
        "what of an archive was left out",
        "`wethink register` writes it with the archive's index",
        "",
    ),
    (
        "recopied files",
        r"recopied/[^/]+/\d+\.parquet",
        _FIXED,
        "which copied files have known content",
        "without it `wethink register` reads these files again",
        "",
    ),
    (
        "unread files",
        r"unread/(?P<source>[^/]+)/(?P<number>\d+)\.json",
        _REPLACED,
        "how many files of the batch wait to be read",
        _RUN,
        "",
    ),
    (
        "doubtful images",
        rf"doubtful/(?P<source>[^/]+)/(?P<number>\d+)-{_HALF}\.json",
        _FIXED,
        "which files `wethink register` offers again, since nobody may hold their images",
        _KEPT,
        "",
    ),
    (
        "imported pairs",
        r"imports/(?P<source>[^/]+)/pairs/(?P<number>\d+)\.parquet",
        _REPLACED,
        "the questions of the batch",
        "`wethink import` of the same file, after it is gone",
        "",
    ),
    (
        "import lease",
        r"imports/[^/]+/lease/lease-\d+\.json",
        _LEASE,
        "nothing that is kept",
        "the next import replaces it",
        "",
    ),
    (
        "import record",
        r"imports/[^/]+/(source\.json|files/[^/]+\.json|rejections/[^/]+/\d+\.parquet)",
        _REPLACED,
        "what is known of an imported file",
        "`wethink import` of the same file, after it is gone",
        "",
    ),
    (
        "commit",
        r"tables/[^/]+/(?P<batch>[^/]+)/commits/\d+\.json",
        _FIXED,
        "the table that it makes current, and every commit after it",
        _RUN,
        "",
    ),
    (
        "stage table",
        rf"tables/[^/]+/(?P<batch>[^/]+)/{_HALF}/(results|rejections)\.parquet",
        _FIXED,
        "rows of the batch",
        _RUN,
        "",
    ),
    (
        "edit by hand",
        r"edits/[^/]+/(?P<batch>[^/]+)/[^/]+\.json",
        _FIXED,
        "the table that carries the edit",
        "bring the edited sheet back in with `wethink table`",
        "",
    ),
    (
        "journal part",
        rf"journal/[^/]+/(?P<batch>[^/]+)/part-\d+-(?P<sha256>{_HALF})\.parquet",
        _PART,
        "replies that are paid for",
        "the next run moves it aside and asks again for what it held",
        "",
    ),
    (
        "damaged journal part",
        r"journal/[^/]+/[^/]+/damaged-[^/]+",
        _PART,
        "nothing: it was moved aside",
        "delete it",
        "",
    ),
    (
        "lease",
        r"(?:(?:journal/[^/]+|policies/leases)/[^/]+|leases/[^/]+)/lease-\d+\.json",
        _LEASE,
        "nothing that is kept",
        "the next run replaces it",
        "",
    ),
    (
        "announced removal",
        r"collecting/[^/]+\.json",
        _REPLACED,
        "nothing that is kept",
        "the next `wethink gc` removes it",
        "",
    ),
    (
        "prompt",
        rf"prompts/(?P<sha256>{_SHA})\.md",
        _FIXED,
        "proof of what was asked, and `wethink rebuild`",
        "`wethink run` with the same prompts keeps it again",
        "",
    ),
    (
        "configuration",
        r"configurations/[^/]+\.json",
        _FIXED,
        "`wethink rebuild` of what was made with it",
        "`wethink run` with the same settings keeps it again",
        "",
    ),
    ("cut", r"cuts/(?P<version>v\d{4,})\.json", _FIXED, "the version", _KEPT, ""),
    (
        "version file",
        r"(?P<root>versions/(?P<version>v\d{4,}))/[^/]+",
        _FIXED,
        "the version and whatever was trained on it",
        "built again from its cut",
        "manifest.json",
    ),
    (
        "release",
        r"releases/.+/\d+\.json",
        _FIXED,
        "which version the name means",
        "`wethink release` names it again",
        "",
    ),
    (
        "takedown",
        r"retractions/(image|source|licence)/[^/]+\.json",
        _FIXED,
        "that the next versions leave it out",
        "`wethink retract` it again",
        "",
    ),
    (
        "erasure",
        r"retractions/erased/[^/]+\.json",
        _FIXED,
        "what tells erased from damaged files",
        _KEPT,
        "",
    ),
    (
        "collected tables",
        r"collected/[^/]+\.json",
        _FIXED,
        "what tells collected from lost tables",
        _KEPT,
        "",
    ),
    (
        "growth measure",
        r"growth/measured/[^/]+\.json",
        _FIXED,
        "the growth curve",
        "`wethink growth` measures it again once it is gone",
        "",
    ),
    ("growth curve", r"growth/[^/]+\.(json|png)", _REPLACED, "what is shown of growth", "`wethink growth`", ""),
    (
        "OpenLineage event",
        r"openlineage/[^/]+/[^/]+\.(?:start|end)\.json",
        _FIXED,
        "what is told to OpenLineage",
        _AGAIN,
        "",
    ),
    (
        "benchmark signatures",
        r"benchmarks/[^/]+/[^/]+/(?:signatures|questions)[^/]*\.parquet",
        _REPLACED,
        "which rows show images of a benchmark, or ask its questions",
        "signed again by the next `wethink cut` once it is gone",
        "",
    ),
    (
        "benchmark verdicts",
        rf"contamination/(?P<batch>[^/]+)/{_HALF}-{_HALF}\.parquet",
        _FIXED,
        "versions that leave out what a benchmark shows",
        "the next `wethink cut` compares the batch again where the benchmark files are the same",
        "",
    ),
    (
        "pairs of alike images",
        r"alike/[^/]+/\d{6}\.parquet",
        _FIXED,
        "which images go into one split in the next versions",
        _KEPT,
        "",
    ),
    (
        "signatures of images",
        rf"alike/[^/]+/signatures/{_HALF}\.parquet",
        _REPLACED,
        "how soon further images are compared with these",
        "made again by the next `wethink cut` once it is gone",
        "",
    ),
    (
        "splits of images",
        rf"splits/{_HALF}\.parquet",
        _FIXED,
        "versions whose cut names it cannot be built again",
        _KEPT,
        "",
    ),
    (
        "calibration",
        r"calibrations/[^/]+\.json",
        _REPLACED,
        "what is known of the rewards",
        "`wethink calibrate`",
        "",
    ),
    (
        "batch job",
        r"batch_jobs/(open/[^/]+/[^/]+|done/[^/]+)",
        _REPLACED,
        "answers of a batch job",
        "`wethink jobs`",
        "",
    ),
    ("budget", r"budgets/[^/]+/[^/]+\.json", _REPLACED, "what a budget has spent", _KEPT, ""),
    ("service check", r"checks/[^/]+\.json", _REPLACED, "nothing that is kept", "`wethink config check --call`", ""),
    (
        "training run",
        r"policies/runs/[^/]+\.json",
        _REPLACED,
        "which policy the training run came to",
        "`wethink train` of the same version and recipe",
        "",
    ),
    (
        "policy file",
        rf"(?P<root>policies/{_SHA})/.+",
        _FIXED,
        "the policy and its scores",
        "`wethink train` of the same version and recipe once its folder is gone",
        "policy.json",
    ),
    (
        "score",
        rf"scores/[^/]+/[^/]+/[^/]+/(?:score\.json|waiting\.json|replies\.parquet|against-{_HALF}\.json|vlmevalkit/.+)",
        _REPLACED,
        "the score and whatever compares it",
        "`wethink score` grades the replies in its journal again once it is gone",
        "",
    ),
    (
        "study answers",
        r"studies/answers/[^/]+/[^/]+\.parquet",
        _REPLACED,
        "the study",
        "`wethink study` asks again once it is gone",
        "",
    ),
    (
        "study file",
        r"(?P<root>studies/[^/]+/[^/]+)/.+",
        _FIXED,
        "the study",
        "`wethink study` once its folder is gone",
        "study.json",
    ),
    (
        "link of seals",
        r"seals/\d{8}\.seal",
        _FIXED,
        "the seals of what was sealed with it",
        "`wethink seal --anew` begins a new chain, which takes all files as they are",
        "",
    ),
    (
        "mark for a new run",
        r"rerun/[^/]+/(?P<batch>[^/]+)\.json",
        _REPLACED,
        "that the batch is run again",
        "`wethink verify --repair`",
        "",
    ),
    ("file set aside", r"aside/\d{8}T\d{6}-[0-9a-f]{8}/.+", _FIXED, "nothing: it was moved there", "delete it", ""),
    (
        "snapshot of seals",
        r"seals/snapshot\.seal",
        _REPLACED,
        "nothing: the links say the same",
        "`wethink verify --repair`",
        "",
    ),
    ("head of seals", r"seals/head\.json", _REPLACED, "proof that no later link is lost", "`wethink seal`", ""),
)
_RERUN = frozenset({"image", "commit", "stage table"})
_REMADE = frozenset(
    {
        "archive index",
        "recopied files",
        "import lease",
        "damaged journal part",
        "lease",
        "growth measure",
        "growth curve",
        "benchmark signatures",
        "signatures of images",
        "service check",
        "mark for a new run",
        "file set aside",
        "announced removal",
    }
)
KINDS = tuple(
    FileKind(name, re.compile(pattern), nature, dependents, remedy, closed_by, name in _RERUN, name in _REMADE)
    for name, pattern, nature, dependents, remedy, closed_by in _ENTRIES
)
"""All kinds; of two whose patterns fit, the first counts."""


def known_file(path: str) -> KnownFile | None:
    """What a path of a store is; None where no kind knows it, or its name holds what no name of a store does.

    >>> known_file("cuts/v0003.json").kind.name
    'cut'
    """
    if not path.isprintable():
        return None
    for kind in KINDS:
        match = kind.pattern.fullmatch(path)
        if match:
            return KnownFile(path, kind, {name: value for name, value in match.groupdict().items() if value})
    return None
