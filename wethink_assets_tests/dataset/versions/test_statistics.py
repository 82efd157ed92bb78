"""Statistics of a version: they close, and count how various its words are."""

import json

import polars as pl

from wethink_assets.dataset.versions.statistics import text_coverage
from wethink_assets.dedup.minhash import MINHASH
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built


def test_statistics_close(local: Store, grower: Grower) -> None:
    lost = [
        Asked("Guess?", "x", rejected_by="questions"),
        Asked("Unsure?", "y", rejected_by="answers"),
        Asked("Odd?", "z", agreed=False),
    ]
    grower.grow("sam.000001", [(drawing(7), [CHOICE, *lost])])
    built(local)
    told = json.loads(local.read("versions/v0001/statistics.json"))
    sam = next(row for row in told["funnel"] if row["source"] == "sam")
    assert sam == {
        "source": "sam",
        "files": 1,
        "images": 1,
        "described": 1,
        "questions": 4,
        "filtered_out": 1,
        "agreed": 1,
        "adjudicated": 1,
        "disagreed": 1,
        "reasoned": 2,
        "duplicates": 0,
        "conflicting": 0,
        "left_out": 0,
        "kept": 2,
    }
    assert told["rejections"] == {"questions": {"unanswerable": 1}, "answers": {"no_agreement": 1}}
    for row in told["funnel"]:
        assert row["questions"] - row["filtered_out"] == row["agreed"] + row["adjudicated"] + row["disagreed"]
        assert row["reasoned"] == row["kept"] + row["duplicates"] + row["conflicting"] + row["left_out"]
    assert sum(row["kept"] for row in told["funnel"]) == told["rows"] == sum(told["counts"]["kind"].values())
    assert told["rows"] == sum(told["counts"]["answer_type"].values()) and told["counts"]["answer_type"]["choice"] >= 1
    assert told["agreement"]["source"]["sam"]["agreement_rate"] == round(1 / 3, 4)


def test_coverage_of_words() -> None:
    questions = ["What colour is it?", "what COLOUR is it", "Why?", "How many blue blocks are there in all"]
    rows = pl.DataFrame({"row_id": list("abcd"), "question": questions}).lazy()
    hashes = [[1] * 64, [1] * 64, [2] * 64, [3] * 64]
    signed = pl.DataFrame(
        {"row_id": list("abcd"), "minhash": hashes}, schema={"row_id": pl.String, "minhash": pl.List(pl.UInt32)}
    )
    found = text_coverage(rows, signed.lazy(), MINHASH)
    assert found == {"distinct_ngrams": 8, "distinct_share": 0.8, "clusters": 3, "covered": 0.75}
    nothing = text_coverage(rows.head(0), signed.lazy().head(0), MINHASH)
    assert nothing == {"distinct_ngrams": 0, "distinct_share": 0.0, "clusters": 0, "covered": 0.0}
