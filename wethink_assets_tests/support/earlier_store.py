"""A store with files of almost all kinds, grown by an earlier release."""

import shutil
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "earlier_store"
ARCHIVES = Path(__file__).parent.parent / "earlier_archives"
"""Of a project that commit 5a3ff80 (the day of release 0.1.0) grew: `wethink run` of that commit, with its embedded model, on a zip and a tar.gz of
pictures drawn by `wethink sample drawn --images 36 --hard 0` (sources chartqa and coco, `batch_size = 8`, `questions_per_image = 2`)."""


def unpacked_project(folder: Path) -> Path:
    """The project whose sources are archives, unpacked into a folder: `wethink.toml`, `images` and its store, `data`; its path."""
    with tarfile.open(ARCHIVES / "grown_by_5a3ff80.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "project"


def unpacked_store(folder: Path) -> Path:
    """The store of the earlier project, unpacked into a folder that is not there; its path."""
    project = folder.with_name(f"{folder.name}-project")
    with tarfile.open(FOLDER / "grown_by_5a3ff80.tar.xz") as archive:
        members = [member for member in archive.getmembers() if member.name.startswith("project/data/")]
        archive.extractall(project, members, filter="data")
    (project / "project" / "data").rename(folder)
    shutil.rmtree(project)
    return folder
