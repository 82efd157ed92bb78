"""`wethink verify`: a check that versions, the whole store, or an export of a version are still what they were."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.dataset.inventory.check import StoreCheck
    from wethink_assets.storage.store import Store

MARKED = 3
"""Exit code where nothing is left but what the next run makes again."""


def verify(
    version: Annotated[
        str | None,
        typer.Argument(
            help="Version such as v0003, or a release, or the folder of an export; all versions if none is given.",
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="Every file of the store, against the inventory that `wethink seal` keeps.")
    ] = False,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed", help="As `--all`, but read only what was sealed or written since all was last as sealed."
        ),
    ] = False,
    sample: Annotated[
        int,
        typer.Option(min=0, help="As `--all`, but read only so many files, drawn at random, and give an interval."),
    ] = 0,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="As `--all`, and mend what is wrong; nothing is deleted, and each file that is moved is named.",
        ),
    ] = False,
    replicas: Annotated[
        list[str] | None,
        typer.Option(
            "--replica",
            metavar="PATH_OR_URL",
            help="A copy of the store that `--repair` takes files from, where they are as they were sealed; may be repeated.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With `--repair`: write nothing, and say what would be done.")
    ] = False,
    leaks: Annotated[
        bool,
        typer.Option(
            "--leaks",
            help="Look in one version for rows that a benchmark shows, alike images across splits, and duplicates.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was checked and what is wrong as JSON.")] = False,
) -> None:
    """Verify the hashes of a version's files, of the tables it was made from, and of the images of its rows.

    With `--all`, `--changed` or `--sample` the whole store is verified: every file is looked for, and named with what depends on it and what mends
    it where it is missing, altered, foreign (a store has no such file) or superfluous (its folder was complete without it).

    With `--leaks` one version is searched for rows whose image a benchmark shows as a copy (also one that was signed after the version was cut),
    for alike images in different splits, and for duplicates; it exits with 1 if there is one.

    With `--repair` each of these is taken from a replica or from another file with the same bytes, made again where it follows from other files,
    or its batch marked for the next `wethink run`; what is foreign or superfluous is moved to `aside/` in the store, and so is what lay in a
    repaired file's place. It exits with 0 where nothing is wrong any more, with 1 where something is left, and with 3 where only marks are.

    Names every missing or altered file, and exits with 1 if there is one. What was erased after a takedown is listed as retracted and is
    not an error. The folder of an export is verified by what it carries, without a store: `SHA256SUMS`, `croissant.json`, manifest and
    card, against its files and each other. A folder whose name is also that of a release is given with its path, such as `./paper-1`.
    """
    if (replicas or dry_run) and not repair:
        raise typer.BadParameter("--replica and --dry-run belong to --repair")
    if repair and (changed or sample):
        raise typer.BadParameter("--repair reads every file of the store: leave --changed and --sample out")
    if version and (whole or changed or sample or repair):
        raise typer.BadParameter(
            "a version is verified as a whole: give either a version or --all, --changed, --sample, --repair"
        )
    if leaks and (not version or _is_export(version)):
        raise typer.BadParameter("--leaks looks into one version: name it, such as v0003")
    if leaks:
        _find_leaks(str(version), as_json)
    elif repair:
        _repair_store(replicas or [], dry_run, as_json)
    elif whole or changed or sample:
        _verify_store(sample, changed, as_json)
    elif version and _is_export(version):
        _verify_export(Path(version), as_json)
    else:
        _verify_versions(version, as_json)


def _is_export(name: str) -> bool:
    """Whether a folder is meant: a path, or the name of one that no release has."""
    path = Path(name)
    if path.name != name:
        return True
    if not path.is_dir():
        return False
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.errors import StoreError, VersionError
    from wethink_assets.storage.store import Store

    settings = load_settings()
    try:
        resolve_version(Store.open(settings.store_url, **settings.store.options), name)
    except (StoreError, VersionError):
        return True
    return False


def _verify_export(folder: Path, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.dataset.exports.verification import verify_export
    from wethink_assets.plain_text import in_one_line, visible_name

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        result = verify_export(folder, lambda done, total: progress.update(task, completed=done, total=total))
    if as_json:
        typer.echo(json.dumps({"sound": result.sound, **asdict(result)}, indent=1))
    else:
        for fault in result.faults:
            typer.echo(in_one_line(f"{fault.fault}: {visible_name(fault.path)} ({fault.detail})"))
        checked = f"{result.files} files ({result.bytes:,} bytes), {result.rows} rows over {result.images} images"
        verdict = f"{len(result.faults)} wrong" if result.faults else "all as they were"
        typer.echo(f"{checked} of {result.version or 'no version'} in {result.folder}: {verdict}")
    if not result.sound:
        raise typer.Exit(1)


def _verify_versions(version: str | None, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.dataset.versions.verification import verify_versions
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        result = verify_versions(
            store,
            [resolve_version(store, version)] if version else [],
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps({"sound": result.sound, **asdict(result)}, indent=1))
    else:
        for fault in [*result.retracted, *result.faults]:
            typer.echo(f"{fault.fault}: {store.link(fault.path)} ({fault.detail})")
        for name, root in result.roots.items():
            typer.echo(f"{name} has the root {root}")
        checked = f"{result.files} files, {result.tables} tables and {result.blobs} images of {', '.join(result.versions) or 'no version'}"
        taken_down = f", {len(result.retracted)} retracted" if result.retracted else ""
        verdict = f"{len(result.faults)} wrong" if result.faults else "all as they were"
        typer.echo(f"{checked}: {verdict}{taken_down}")
    if not result.sound:
        raise typer.Exit(1)


def _find_leaks(version: str, as_json: bool) -> None:
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.leaks import find_leaks
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    found = find_leaks(store, resolve_version(store, version))
    if as_json:
        typer.echo(json.dumps({"tight": found.tight, **asdict(found)}, indent=1))
    else:
        for one in found.examples:
            typer.echo(f"{one.kind}: {one.name} ({one.detail})")
        typer.echo(str(found))
    if not found.tight:
        raise typer.Exit(1)


def _verify_store(sample: int, changed: bool, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.inventory.check import check_store
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        result = check_store(
            store,
            sample=sample,
            changed=changed,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps({"sound": result.sound, **asdict(result)}, indent=1))
    else:
        _print_store(store, result)
    if not result.sound:
        raise typer.Exit(1)


def _repair_store(replicas: list[str], dry: bool, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.inventory.repair import repair_store
    from wethink_assets.plain_text import in_one_line, visible_name
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    copies = [Store.open(url, **(settings.store.options if "://" in url else {})) for url in replicas]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        result = repair_store(
            store,
            copies,
            dry=dry,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        counts = {"repaired": result.repaired, "marked": result.marked, "left": result.left}
        typer.echo(json.dumps({"sound": not (result.marked or result.left), **counts, **asdict(result)}, indent=1))
    else:
        for each in result.faults:
            moved = f"; what lay there is {store.link(visible_name(each.aside))}" if each.aside else ""
            detail = f" ({each.detail})" if each.detail else ""
            typer.echo(
                in_one_line(f"{each.fault}, {each.outcome}: {store.link(visible_name(each.path))}{detail}{moved}")
            )
        would = "would be " if dry else ""
        typer.echo(
            f"{len(result.faults)} wrong in {store.url}: {result.repaired} {would}repaired, {result.marked} {would}marked, {result.left} left"
        )
    if result.left or result.marked:
        raise typer.Exit(1 if result.left else MARKED)


def _print_store(store: "Store", result: "StoreCheck") -> None:
    from wethink_assets.plain_text import in_one_line, visible_name

    for fault in result.faults:
        typer.echo(in_one_line(f"{fault.fault}: {store.link(visible_name(fault.path))} ({fault.detail})"))
        what = f"of it depend: {fault.dependents}; " if fault.dependents else ""
        typer.echo(in_one_line(f"  {what}it is mended so: {fault.remedy}" if fault.remedy else f"  {what}"))
    if result.unsealed:
        typer.echo(f"{len(result.unsealed)} files are not sealed yet: `wethink seal` seals them")
    verdict = f"{len(result.faults)} wrong" if result.faults else "all as they were sealed"
    retracted = f", {len(result.retracted)} retracted" if result.retracted else ""
    interval = ""
    if result.share is not None:
        low, high = result.share
        interval = f"; altered are {low:.3%} to {high:.3%} of all (95%)"
    typer.echo(
        f"{result.files} files by {result.links} links in {store.url}, {result.read} of them read "
        f"({result.bytes:,} bytes): {verdict}{retracted}{interval}"
    )
