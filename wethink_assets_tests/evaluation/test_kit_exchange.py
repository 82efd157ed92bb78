"""What passes between VLMEvalKit's process and us, without that process: tables, prompts, the judge's endpoint, the environment's version."""

import asyncio
import csv
import json
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.evaluation.benchmarks.files import benchmark_files, rows_of
from wethink_assets.evaluation.runs.jobs import scorer_of
from wethink_assets.evaluation.vlmevalkit.environment import kit_python, kit_version
from wethink_assets.evaluation.vlmevalkit.judge_endpoint import in_thread, judge_served
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.tables import conversation_of, read_prompts, write_table
from wethink_assets.models.chat import CallFailed, Message
from wethink_assets_tests.support.benchmark_files import choice_rows, picture, project, write_tsv

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


async def asked(url: str, token: str, body: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


def test_the_judge_answers_whoever_has_the_key_and_says_how_it_fails() -> None:
    heard: list[tuple[list[Message], float]] = []

    async def judge(messages: list[Message], temperature: float) -> str:
        heard.append((messages, temperature))
        if "fail" in messages[-1].text:
            raise CallFailed("refused")
        if "gone" in messages[-1].text:
            raise ModelError("nobody there")
        return "B"

    async def talk() -> None:
        async with judge_served(judge, "secret") as served:
            turn = {"role": "user", "content": [{"type": "text", "text": "which"}, {"type": "text", "text": "option?"}]}
            assert (await asked(served.url, "wrong", {"messages": [turn]}))[0] == 401
            status, told = await asked(served.url, "secret", {"messages": [turn], "temperature": 0.5, "max_tokens": 3})
            assert status == 200 and told["choices"][0]["message"]["content"] == "B"
            assert [(m.text, t) for (m,), t in heard] == [("which\noption?", 0.5)]
            for body in ({}, {"messages": 3}, {"messages": [{"role": "user"}]}):
                assert (await asked(served.url, "secret", body))[0] == 400
            failing = [{"role": "user", "content": text} for text in ("fail", "gone")]
            assert (await asked(served.url, "secret", {"messages": failing[:1]}))[0] == 500
            assert served.failed == 1 and served.broken is None
            assert (await asked(served.url, "secret", {"messages": failing[1:]}))[0] == 503
            assert str(served.broken) == "nobody there"

    asyncio.run(talk())


def test_nobody_waits_for_a_thread_whose_work_is_not_wanted_any_more() -> None:
    release = threading.Event()

    async def interrupted() -> None:
        task = asyncio.create_task(in_thread(lambda: release.wait(20)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(interrupted())
    release.set()
    assert time.monotonic() - began < 5
    assert asyncio.run(in_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))


def test_who_scores_what(tmp_path: Path) -> None:
    settings = project(tmp_path, own=("mine", "free"), samples=True, sample_questions=12, scorer="vlmevalkit")
    write_tsv(tmp_path / "mine.tsv", choice_rows(3))
    write_tsv(tmp_path / "free.tsv", [{"index": 1, "question": "How many?", "answer": "two"}])
    write_tsv(tmp_path / "LMUData" / "MMStar.tsv", choice_rows(3))
    told = {file.benchmark.key: scorer_of(settings, file) for file in benchmark_files(settings) if file.usable}
    assert [told[key] for key in ("mine", "free", "MMStar", "sample_MMStar")] == [
        "vlmevalkit",
        "own",
        "vlmevalkit",
        "own",
    ]
    ours = project(tmp_path, own=("mine",))
    assert {scorer_of(ours, file) for file in benchmark_files(ours)} == {"own"}


def test_a_python_without_vlmevalkit_is_named(tmp_path: Path) -> None:
    assert kit_version().count(".") == 2
    told = {"scoring": {"vlmevalkit_python": "bin/nothing"}, "folder": str(tmp_path)}
    settings = Settings.model_validate(told)
    assert kit_python(settings) == str(tmp_path / "bin" / "nothing")
    with Kit(settings) as kit, pytest.raises(ModelError, match="bin/nothing"):
        kit.ask(do="prompts", key="MMStar", md5="", out="")
    ended = settings.model_copy(
        update={"scoring": settings.scoring.model_copy(update={"vlmevalkit_python": "/bin/false"})}
    )
    with Kit(ended) as kit:
        folder = kit.folder
        with pytest.raises(ModelError, match="ended with 1 while it was asked for prompts of MMStar"):
            kit.ask(do="prompts", key="MMStar", md5="", out="")
    assert not folder.exists()
