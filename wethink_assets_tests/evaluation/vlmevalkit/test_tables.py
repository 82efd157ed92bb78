"""Tables for VLMEvalKit's process, and the prompts that come back."""

import csv
import json
from pathlib import Path

from wethink_assets.evaluation.benchmarks.files import rows_of
from wethink_assets.evaluation.vlmevalkit.tables import conversation_of, read_prompts, write_table
from wethink_assets_tests.support.benchmark_files import choice_rows, picture, write_tsv

HOSTILE = 'two\nlines, "quoted"\tand a tab'


def test_the_table_has_names_for_pictures_and_all_else_as_it_is(tmp_path: Path) -> None:
    rows = choice_rows(4)
    rows[1] |= {"question": HOSTILE, "A": "None"}
    rows[2]["image"] = str([picture(7), picture(8)])
    rows[3]["image"] = "0"
    source = write_tsv(tmp_path / "mine.tsv", rows)
    read = rows_of(source)
    write_table(source, read, tmp_path / "copy.tsv")
    with (tmp_path / "copy.tsv").open(newline="") as file:
        copy = list(csv.DictReader(file, delimiter="\t"))
    assert copy[1]["question"] == HOSTILE and copy[1]["A"] == "None" and [row["answer"] for row in copy] == ["B"] * 4
    assert copy[3]["image"] == copy[0]["image"] == f"sha256:{read['images'][0][0]}" and len(copy[0]["image"]) > 64
    assert copy[2]["image"] == str([f"sha256:{digest}" for digest in read["images"][2]])


def test_a_prompt_becomes_a_conversation_with_the_files_own_pictures(tmp_path: Path) -> None:
    source = write_tsv(tmp_path / "mine.tsv", [{**choice_rows(1)[0], "image": str([picture(7), picture(8)])}])
    row = rows_of(source).row(0, named=True)
    names = [f"sha256:{digest}" for digest in row["images"]]
    between = [["text", "Is "], ["image", names[1]], ["text", " like "], ["image", names[0]], ["text", "?"]]
    ahead = [["image", names[0]], ["image", names[1]], ["text", "Which?"]]
    lines = [json.dumps({"index": str(number), "parts": parts}) for number, parts in enumerate((between, ahead))]
    (tmp_path / "prompts").write_text("\n".join(lines))
    prompts = read_prompts(tmp_path / "prompts")
    system, user = conversation_of(source, row, prompts["0"], "Think.")
    assert (system.text, user.text, user.places) == ("Think.", "Is  like ?", (3, 9))
    assert [f"sha256:{image.sha256}" for image in user.images] == names[::-1] and user.images[0].read()[
        :4
    ] == b"\x89PNG"
    (plain,) = conversation_of(source, row, prompts["1"], "")
    assert (plain.text, plain.places, len(plain.images)) == ("Which?", (), 2)
