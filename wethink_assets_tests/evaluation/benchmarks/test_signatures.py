"""Signatures of benchmark files go into the index of duplicates."""

import base64
from pathlib import Path

from wethink_assets.dedup.row_index import RowIndex
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.benchmarks.signatures import sign_file
from wethink_assets.sources.images.view import VIEW
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.benchmark_files import choice_rows, scoring_settings, write_tsv


def test_signatures_go_into_the_index_that_duplicates_are_found_in(store: Store, tmp_path: Path) -> None:
    rows = [
        *choice_rows(3),
        {"index": 9, "question": "broken", "image": base64.b64encode(b"x" * 100).decode(), "answer": "B"},
    ]
    write_tsv(tmp_path / "mine.tsv", rows)
    (file,) = benchmark_files(scoring_settings(tmp_path), ["mine"])
    signed = sign_file(store, file)
    assert signed.height == 4 and signed["unreadable"].to_list() == [False, False, False, True]
    assert sign_file(store, file).equals(signed) and store.files("benchmarks") == [
        f"benchmarks/mine/{file.md5}/signatures-view{VIEW}-copies-1.parquet"
    ]
    with RowIndex(tmp_path, order_free=False) as index:
        index.add(signed.filter(~signed["unreadable"]))
        index.seal()
        assert len(index) == 3
