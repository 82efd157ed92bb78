"""Verification of exports: each change of a folder is found, by sums alone or by what still tells where sums were made anew."""

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.dataset.exports.checksums import SUMS, sums_of, write_sums
from wethink_assets.dataset.exports.export import export_formats, export_version
from wethink_assets.dataset.exports.pictures import ImageOptions
from wethink_assets.dataset.exports.verification import verify_export
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.dataset.exports.conftest import Exported

MODES = [(name, mode) for name, form in export_formats().items() for mode in form.images]
Change = Callable[[Path, list[Path], random.Random, Path], str]


def flip(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    """One bit of one byte."""
    path = rng.choice(files)
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return path.relative_to(folder).as_posix()


def cut_short(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    """Some bytes less, sometimes one, sometimes all."""
    path = rng.choice(files)
    data = path.read_bytes()
    path.write_bytes(data[: rng.choice([0, len(data) - 1, rng.randrange(len(data))])])
    return path.relative_to(folder).as_posix()


def remove(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    path = rng.choice(files)
    path.unlink()
    return path.relative_to(folder).as_posix()


def add(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    """A file more: new, a copy of one that is there, or a link to one."""
    beside = rng.choice(files)
    target = beside.with_name(rng.choice(["more.txt", "train.csv", f"{beside.name}.bak", ".hidden"]))
    kind = rng.randrange(3)
    if kind == 0:
        target.write_bytes(b"more")
    elif kind == 1:
        shutil.copy(beside, target)
    else:
        target.symlink_to(beside)
    return target.relative_to(folder).as_posix()


def swap(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    """Two files with other content under each other's names."""
    one = rng.choice(files)
    two = rng.choice([path for path in files if path.read_bytes() != one.read_bytes()])
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    return one.relative_to(folder).as_posix()


def stale(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    """A file of an earlier export, where it is another."""
    old = [path for path in files if (other / path.relative_to(folder)).is_file()]
    path = rng.choice([p for p in old if (other / p.relative_to(folder)).read_bytes() != p.read_bytes()])
    shutil.copy(other / path.relative_to(folder), path)
    return path.relative_to(folder).as_posix()


def rename(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    path = rng.choice(files)
    path.rename(path.with_name(f"{path.name}.old"))
    return path.relative_to(folder).as_posix()


def edit_figure(folder: Path, files: list[Path], rng: random.Random, other: Path) -> str:
    """Another digit in the card, in croissant.json or in the manifest."""
    path = folder / rng.choice(["README.md", "croissant.json", "manifest.json"])
    text = path.read_text()
    place = rng.choice([number for number, character in enumerate(text) if character.isdigit()])
    path.write_text(text[:place] + str((int(text[place]) + rng.randrange(1, 10)) % 10) + text[place + 1 :])
    return path.relative_to(folder).as_posix()


CHANGES: tuple[Change, ...] = (flip, cut_short, remove, add, swap, stale, rename, edit_figure)


@pytest.fixture(scope="module")
def exports(exported: Exported, drawn: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Exports in all formats before a takedown and after it, by name, each with the other one."""
    store = Store.open(str(tmp_path_factory.mktemp("taken") / "store"))
    shutil.copytree(drawn.url, store.url, dirs_exist_ok=True)
    row = drawn.read_parquet("versions/v0001/rows.parquet").row(0, named=True)
    take_down(store, Subject("image", row["image_id"]))
    folders = {}
    for form, mode in MODES:
        before = exported(form, mode)
        after = tmp_path_factory.mktemp("after") / form
        export_version(store, "v0001", after, form, ImageOptions(mode))  # type: ignore[arg-type]
        folders |= {f"{form} {mode}": (before, after), f"{form} {mode} after a takedown": (after, before)}
    return folders


def changed(seed: int, exports: dict[str, tuple[Path, Path]], folder: Path) -> tuple[str, str]:
    """Copy an export into a folder and change it; returns how, and the file that was changed."""
    rng = random.Random(f"mutation {seed}")
    name = list(exports)[seed % len(exports)]
    change = CHANGES[seed // len(exports) % len(CHANGES)]
    export, other = exports[name]
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(export, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return f"{seed}: {change.__name__} of {name}", change(folder, files, rng, other)


def sums_pass(folder: Path) -> bool:
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", SUMS], cwd=folder, capture_output=True, check=False
    )
    return done.returncode == 0


def found(count: int, exports: dict[str, tuple[Path, Path]], folder: Path) -> None:
    """Each of so many changes is found, and the changed file is named."""
    for seed in range(count):
        how, file = changed(seed, exports, folder)
        faults = verify_export(folder).faults
        assert faults, how
        assert file in {fault.path for fault in faults} or file == SUMS, (how, file, faults)


def test_exports_are_sound_before_and_after_a_takedown(exports: dict[str, tuple[Path, Path]]) -> None:
    for name, (export, _) in exports.items():
        result = verify_export(export)
        assert result.faults == [], name
        assert result.rows == (9 if "takedown" in name else 10)
        assert sums_pass(export)


def test_each_of_a_hundred_changes_is_found(exports: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    found(len(exports) * len(CHANGES) // 2, exports, tmp_path / "changed")


@pytest.mark.long
def test_each_of_a_thousand_changes_is_found(exports: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    found(1_000, exports, tmp_path / "changed")


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_a_change_of_rows_images_or_figures_is_found_where_sums_were_made_anew(
    exports: dict[str, tuple[Path, Path]], tmp_path: Path, form: str, mode: str
) -> None:
    """Whoever changes a file and the sums has to change the other three in all that they say, too."""
    for change in (flip, cut_short, remove, swap, stale, edit_figure):
        for seed in range(2):
            folder = tmp_path / f"{change.__name__}{seed}"
            export, other = exports[f"{form} {mode}"]
            shutil.copytree(export, folder)
            rng = random.Random(f"{form} {mode} {change.__name__} {seed}")
            spared = {SUMS, "README.md"} if change is not edit_figure else set()
            files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in spared)
            file = change(folder, files, rng, other)
            write_sums(folder, {name: known for name, known in sums_of(folder).items() if name != SUMS})
            if file == "README.md":
                continue  # prose and lineage have digits that nothing else has
            assert sums_pass(folder) and not verify_export(folder).sound, (change.__name__, file)


@pytest.mark.parametrize(
    ("before", "after", "figure"),
    [
        ("10 rows over 10 images", "11 rows over 10 images", "rows and images"),
        ("num_examples: 7", "num_examples: 8", "front matter"),
        ("| coco | CC0-1.0 | 10 | 10 |", "| coco | MIT | 10 | 10 |", "licences by source"),
        ("| train | 7 | 70.0% |", "| train | 6 | 60.0% |", "count by split"),
        ("| `train.parquet` |", "| `train2.parquet` |", "line of train.parquet"),
    ],
)
def test_a_figure_of_the_card_is_held_against_the_rows(
    exported: Exported, tmp_path: Path, before: str, after: str, figure: str
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(exported("huggingface"), folder)
    card = folder / "README.md"
    assert before in card.read_text()
    card.write_text(card.read_text().replace(before, after))
    write_sums(folder, {name: known for name, known in sums_of(folder).items() if name != SUMS})
    faults = verify_export(folder).faults
    assert {fault.path for fault in faults} == {"README.md"} and any(figure in fault.detail for fault in faults)


def test_what_sha256sum_overlooks_in_its_sums_is_found(exported: Exported, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(exported("trl"), folder)
    text = (folder / SUMS).read_text()
    for other in (text.replace("  ", " *", 1), text.removesuffix("\n"), text.upper().replace("README.MD", "README.md")):
        (folder / SUMS).write_text(other)
        assert not verify_export(folder).sound


def test_the_command_names_what_is_wrong_and_needs_no_store(
    wethink: Wethink, exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(exported("jsonl"), folder)
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "absent.toml"))
    sound = wethink("verify", str(folder))
    assert sound.exit_code == 0 and "10 rows over 10 images of v0001" in sound.stdout
    (folder / "train.jsonl").write_text("{}\n")
    (folder / "validation.jsonl").unlink()
    (folder / "extra.txt").write_text("more")
    broken = wethink("verify", str(folder))
    assert broken.exit_code == 1
    for line in ("altered: train.jsonl", "missing: validation.jsonl", "unexpected: extra.txt"):
        assert line in broken.stdout
    assert json.loads(wethink("verify", str(folder), "--json").stdout)["sound"] is False


def test_a_folder_beside_the_project_is_verified_by_its_name(
    wethink: Wethink, exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(exported("trl"), tmp_path / "wethink-v0001-trl")
    monkeypatch.chdir(tmp_path)
    assert "all as they were" in wethink("verify", "wethink-v0001-trl").stdout


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="is no export: it has neither SHA256SUMS"):
        verify_export(tmp_path)
    with pytest.raises(VersionError, match="is no folder"):
        verify_export(tmp_path / "absent")
