"""A store with files of almost all kinds, grown by an earlier release."""

import shutil
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "earlier_store"


def unpacked_store(folder: Path) -> Path:
    """The store of the earlier project, unpacked into a folder that is not there; its path."""
    project = folder.with_name(f"{folder.name}-project")
    with tarfile.open(FOLDER / "grown_by_5a3ff80.tar.xz") as archive:
        members = [member for member in archive.getmembers() if member.name.startswith("project/data/")]
        archive.extractall(project, members, filter="data")
    (project / "project" / "data").rename(folder)
    shutil.rmtree(project)
    return folder
