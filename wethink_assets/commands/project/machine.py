"""What `wethink doctor` sees outside of Dagster: versions, GPUs, services behind roles and their latency, rights on the store, free space."""

import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store

__all__ = ["Observation", "look_at_endpoints", "look_at_gpus", "look_at_space", "look_at_store", "look_at_versions"]

PACKAGES = ("wethink-assets", "dagster", "dagster-postgres", "polars", "torch", "transformers", "trl", "vllm", "s3fs")
WITHIN = 5.0  # seconds in which a service should say anything at all
LEAST_SPACE = 2**30
LEAST_FILES = 1_000


@dataclass(frozen=True)
class Observation:
    """What was seen of a subject; with `advice` it is a fault, and that what to do about it."""

    subject: str
    what: str
    advice: str = ""


def look_at_versions() -> Iterator[Observation]:
    """Python's and those of the packages that results depend on."""
    found = [f"Python {python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    yield Observation("versions", ", ".join(found))


def look_at_gpus() -> Iterator[Observation]:
    """GPUs that this process may use, with their memory."""
    from wethink_assets.models.servers.memory import find_gpus

    gpus = find_gpus()
    for gpu in gpus:
        yield Observation("GPU", f"{gpu.index}: {gpu.name}, {gpu.free:.0f} of {gpu.total:.0f} GiB free")
    if not gpus:
        yield Observation("GPU", "none")


def look_at_endpoints(settings: "Settings") -> Iterator[Observation]:
    """Each address behind the roles: whether anything answers there, and within how many milliseconds. No model is asked, no key is sent."""
    from wethink_assets.config.redaction import masked_text
    from wethink_assets.models.chat import ROLES

    roles: dict[str, list[str]] = {}
    for role in ROLES:
        of_role = settings.role(role)
        served = (settings.server(of_role.server).url,) if of_role.server else of_role.replicas
        for url in filter(None, served):
            roles.setdefault(url, []).append(role)
    if not roles:
        return
    with ThreadPoolExecutor(min(16, len(roles))) as pool:
        answers = list(pool.map(_answer_of, roles))
    for (url, of), (fault, seconds) in zip(roles.items(), answers, strict=True):
        where = f"{masked_text(url)} ({', '.join(of)})"
        if fault:
            advice = f"start it, or correct the url of {', '.join(f'[roles.{role}]' for role in of)}"
            yield Observation("endpoint", f"{where}: {fault}", advice)
        else:
            yield Observation("endpoint", f"{where}: answers in {1000 * seconds:.0f} ms")


def _answer_of(url: str) -> tuple[str, float]:
    """Why a service does not answer, or nothing and the seconds that it took. Any answer counts but that it is broken."""
    parts = urlsplit(url)
    address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], f"{parts.path.rstrip('/')}/models", "", ""))
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(address, timeout=WITHIN):  # noqa: S310 (settings allow http and https alone)
            pass
    except urllib.error.HTTPError as error:
        error.close()
        if error.code >= 500 and error.code != 501:  # a service may know no GET
            return f"answers with {error.code}", 0.0
    except (OSError, ValueError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        return f"does not answer ({reason})", 0.0
    return "", time.perf_counter() - began


def look_at_store(store: "Store") -> Iterator[Observation]:
    """Whether this user may write the store: a folder says so; a service is asked with an empty file, which is deleted at once."""
    from wethink_assets.errors import WeThinkError

    if store.local:
        folder = Path(store.root)
        there = next(each for each in (folder, *folder.parents) if each.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            yield Observation(
                "store", f"{there} cannot be written by this user", "give it the right, or change [store]"
            )
            return
        yield Observation("store", f"{store.root}: can be read and written")
        return
    began = time.perf_counter()
    probe = f".writing-doctor-{uuid.uuid4().hex}"
    try:
        store.publish(probe, b"")
        store.delete(probe)
    except WeThinkError as error:
        yield Observation("store", f"the store cannot be written: {error}", "check [store] and its rights")
        return
    yield Observation(
        "store", f"{store.link('')}: written and deleted in {1000 * (time.perf_counter() - began):.0f} ms"
    )


def look_at_space(store: "Store", home: str) -> Iterator[Observation]:
    """Free bytes and files where the store, Dagster and temporary files are, on this machine."""
    places = {"DAGSTER_HOME": home, "temporary files": tempfile.gettempdir()}
    if store.local:
        places["store"] = store.root
    for name, place in places.items():
        there = next(each for each in (Path(place), *Path(place).parents) if each.exists())
        usage, files = shutil.disk_usage(there), os.statvfs(there)
        what = f"{name} in {place}: {usage.free / 2**30:,.1f} of {usage.total / 2**30:,.1f} GiB free"
        full = usage.free < LEAST_SPACE or (files.f_files > 0 and files.f_favail < LEAST_FILES)
        if usage.free >= LEAST_SPACE and full:
            what = f"{name} in {place}: room for {files.f_favail:,} more files"
        yield Observation("space", what, "make room, or move it to another disk" if full else "")
