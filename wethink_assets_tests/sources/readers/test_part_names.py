"""Names of the parts of split archives."""

import pytest

from wethink_assets.sources.readers.part_names import in_order, missing_parts, whole_name


def test_parts_of_an_archive() -> None:
    assert whole_name("d/image.zip.part-ab") == whole_name("d/image.zip-ab") == "d/image.zip"
    assert whole_name("image.zip.001") == whole_name("image.zip.partaa") == whole_name("image.z07") == "image.zip"
    assert whole_name("x.tar.gz") == "x.tar.gz"
    assert whole_name("photo.zip.jpg") == "photo.zip.jpg"


def test_disks_come_before_the_zip_that_is_the_last() -> None:
    assert in_order("a.zip", ["a.zip", "a.z10", "a.z02"]) == ["a.z02", "a.z10", "a.zip"]
    assert in_order("a.zip", ["a.zip.002", "a.zip.001"]) == ["a.zip.001", "a.zip.002"]
    assert in_order("a.zip", ["a.zip", "a.zip.001"]) == ["a.zip"]


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (["i.zip"], ""),
        (["i.zip.part-aa", "i.zip.part-ab", "i.zip.part-ac"], ""),
        (["i.zip.001", "i.zip.002"], ""),
        (["i.zip.000", "i.zip.001"], ""),
        (["i.zip.part-aa", "i.zip.part-ac"], "i.zip.part-ab"),
        (["i.zip.part-ab"], "i.zip.part-aa"),
        (["i.zip.AA", "i.zip.AD"], "i.zip.AB, i.zip.AC"),
        (["i.zip.003"], "i.zip.001, i.zip.002"),
        (["i.z01", "i.z03", "i.zip"], "i.z02"),
        (["i.z01", "i.z02"], "i.zip"),
        (["i.zip.99999999"], "i.zip.00000001, i.zip.00000002, i.zip.00000003, i.zip.00000004, i.zip.00000005, ..."),
    ],
)
def test_missing_parts_are_named(there: list[str], missing: str) -> None:
    assert missing_parts("i.zip", there) == missing
