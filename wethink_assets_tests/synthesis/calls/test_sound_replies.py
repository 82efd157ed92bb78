"""Sound replies pass: over a thousand descriptions, details, thoughts and answers, of which none is refused as none, foreign, markup or an echo.

`support/sound_replies.jsonl` was written by hand with the texts that naive rules trip on: documents that hold refusals, signs that say "unknown",
menus in French, notices in two languages, numbers, names, codes, formulas. The answers of `support/question_rules/` are sound ones, too.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.synthesis.calls.echo_filter import require_own_words
from wethink_assets.synthesis.calls.markup import markup_in
from wethink_assets.synthesis.calls.non_replies import no_answer_in, require_reply
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text
from wethink_assets.synthesis.prompt_packs import load_prompt

SUPPORT = Path(__file__).parents[2] / "support"
SHOWN_WITH = {"description": ("describe", "merge"), "detail": ("details",), "text": ("rewrite",)}


def rows_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SUPPORT / name).read_text(encoding="utf-8").splitlines()]


def answers() -> list[dict[str, Any]]:
    asked = [*rows_of("question_rules/honest.jsonl"), *rows_of("question_rules/kept_honest.jsonl")]
    return [
        {
            "wanted": "answer",
            "text": row["answer"],
            "question": row["question"],
            "description": row.get("description", ""),
            "prose": row["kind"] == "DES",
        }
        for row in asked
        if row["kind"] != "MC"
    ]


REPLIES = [*rows_of("sound_replies.jsonl"), *answers()]
PROMPTS = {
    name: load_prompt(Settings(), name)
    for name in ("describe", "merge", "details", "rewrite", "answer_image", "answer_text")
}


def refusal_of(row: dict[str, Any]) -> str | None:
    """Why a reply would be refused where it is asked for, or None."""
    text, wanted = row["text"], row["wanted"]
    try:
        if final_text(text) != text or markup_in(text):
            return "changed or markup"
        if wanted == "answer":
            code = no_answer_in(text, row["question"], row["description"], row["prose"])
            if code:
                return code
        else:
            require_reply(text, wanted)
        for name in SHOWN_WITH.get(wanted, ("answer_image", "answer_text")):
            require_own_words([text], PROMPTS[name].text, "en", PROMPTS[name].examples)
    except MalformedReply as fault:
        return str(fault)
    return None


def test_of_a_thousand_sound_replies_none_is_refused() -> None:
    assert len({row["text"] for row in REPLIES}) >= 1000
    refused = [(row["text"], fault) for row in REPLIES if (fault := refusal_of(row))]
    assert not refused


@pytest.mark.parametrize("text", [*(SUPPORT / "half_english.txt").read_text(encoding="utf-8").splitlines()])
def test_a_reply_that_goes_on_in_another_language_is_refused(text: str) -> None:
    with pytest.raises(MalformedReply) as caught:
        require_own_words([text], PROMPTS["describe"].text, "en")
    assert caught.value.code == "wrong_language"
