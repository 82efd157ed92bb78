"""The report of flipped samples, with hostile text and without its file."""

import html.parser
from pathlib import Path

from wethink_assets.evaluation.reports.comparison import against_base, flipped_samples
from wethink_assets.evaluation.reports.newest import newest
from wethink_assets.evaluation.reports.regressions import regressions_report, rows_to_show
from wethink_assets.evaluation.runs.models import base_model_of
from wethink_assets.evaluation.runs.records import scores_of
from wethink_assets_tests.support.scored_training_run import HOSTILE, ScoredRun


class Tags(html.parser.HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_flipped_samples_are_shown_with_hostile_text_as_text(scored: ScoredRun, tmp_path: Path) -> None:
    store, settings, policy = scored
    before = newest(scores_of(store, base_model_of(settings, policy).digest))["mine"][0]
    after = newest(scores_of(store, policy.model_digest))["mine"][0]
    rows = flipped_samples(store, before, after)
    assert sorted(int(index) for index in rows["index"]) == [0, *range(3, 20, 2)]
    assert rows_to_show(rows, 1)["index"].to_list() == ["0"]  # what became wrong comes first
    page = regressions_report(
        before,
        after,
        (HOSTILE, "v0001.grpo"),
        rows,
        tmp_path / "mine.tsv",
        against_base(store, settings, [before], [after]),
    )
    page_tags = Tags(page)
    names = {tag for tag, _ in page_tags.tags}
    assert "script" not in names and not any(
        name.startswith("on") for _, attributes in page_tags.tags for name in attributes
    )
    images = [attributes["src"] or "" for tag, attributes in page_tags.tags if tag == "img"]
    assert len(images) == 10 and all(source.startswith("data:image/png;base64,") for source in images)
    assert not any(
        "http" in (value or "") for tag, attributes in page_tags.tags for value in attributes.values() if tag != "meta"
    )
    assert (
        HOSTILE in page_tags.text
        and "10 of 20 samples flipped: 9 better" in page_tags.text
        and "McNemar" in page_tags.text
    )


def test_a_page_without_its_file_says_so(scored: ScoredRun, tmp_path: Path) -> None:
    store, settings, policy = scored
    before = newest(scores_of(store, base_model_of(settings, policy).digest))["mine"][0]
    after = newest(scores_of(store, policy.model_digest))["mine"][0]
    page = regressions_report(
        before, after, ("a", "b"), flipped_samples(store, before, after), tmp_path / "gone.tsv", None
    )
    assert page.count("picture not available") == 10 and "<img" not in page
