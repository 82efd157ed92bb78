"""Sections of a story: all that explain tells, whatever it comes to tell."""

from wethink_assets.dataset.browse.stories import APART, sections_of, story_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, rows_of


def test_each_part_of_a_story_has_a_section(local: Store, grower: Grower) -> None:
    built(local)
    for row_id in rows_of(local, "v0001")["row_id"]:
        story = story_of(local, row_id, "v0001")
        parts = [name for name, value in story.items() if value and name not in APART]
        calls = [stage for stage, calls in story["calls"].items() if calls]
        sections = sections_of(story)
        assert len(sections) == len(parts) + len(calls) + 1  # that of the image
        assert sections[0].title == "Image"


def test_what_explain_tells_one_day_is_shown(local: Store, grower: Grower) -> None:
    built(local)
    story = story_of(local, rows_of(local, "v0001")["row_id"][0], "v0001")
    sections = sections_of({**story, "second_look": {"by": "somebody", "empty": ""}})
    assert [(section.title, section.value) for section in sections if section.title == "Second look"] == [
        ("Second look", {"by": "somebody"})
    ]
