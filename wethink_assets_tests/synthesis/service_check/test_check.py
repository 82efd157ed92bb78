"""A service that refuses what roles send is told of in its words, with the settings under which it answers; those settings are true."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from wethink_assets.config import Settings, load_settings
from wethink_assets.models.chat import Role
from wethink_assets.models.registry import Models
from wethink_assets.synthesis.service_check.check import MOST_TRIES, check_services, services_of
from wethink_assets.synthesis.service_check.remedies import changed
from wethink_assets.synthesis.service_check.report import failure_of, notes_of, price_line, report_of
from wethink_assets.synthesis.service_check.results import ServiceCheck
from wethink_assets_tests.support.service_project import plain_role, write_settings
from wethink_assets_tests.support.services import SERVICES, Faults, served
from wethink_assets_tests.support.services.hosted import HOSTED
from wethink_assets_tests.support.services.rules import Refused, Rules

ROLES: tuple[Role, ...] = ("describer", "reasoner", "adjudicator", "judge")
TAKES_ALL = ("openrouter", "together", "vllm", "sglang")


def checked(
    folder: Path, role: dict[str, Any], roles: tuple[Role, ...] = ROLES, every_form: bool = False
) -> tuple[ServiceCheck, Settings, Path]:
    path = write_settings(folder / "wethink.toml", role, roles)
    settings = load_settings(path, {})
    with Models.open(settings) as models:
        [check] = check_services(settings, models, list(services_of(settings, roles)), every_form=every_form)
    return check, settings, path


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_refuses_of_a_role_that_knows_no_dialect_is_mended_by_the_settings_that_are_named(
    name: str, tmp_path: Path
) -> None:
    with served(name) as service:
        check, settings, path = checked(tmp_path, plain_role(service))
        if name in TAKES_ALL:
            assert not check.failed() and not check.changes and check.calls == 4
            assert failure_of(settings, check, path) == ""
            return
        failed = check.failed()
        assert failed and check.changes, failed
        message = failure_of(settings, check, path)
        said = message.replace("\\", "")
        assert any(words in said for _, words in service.refusals), "in the service's words"
        assert message.startswith("roles describer, reasoner, adjudicator, judge (") and "\n" not in message
        assert "wethink.toml:" in message and "in [roles.judge]" in message
        assert len(service.refusals) + len(service.requests) == check.calls <= 4 + MOST_TRIES
        mended = settings.model_copy(update={"roles": {role: changed(check.settings, check.changes) for role in ROLES}})
        with Models.open(mended) as models:
            [again] = check_services(mended, models, list(services_of(mended, ROLES)))
        assert not again.failed() and again.calls == 4


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_in_its_own_dialect_answers_all(name: str, tmp_path: Path) -> None:
    with served(name) as service:
        check, settings, path = checked(tmp_path, service.role(), every_form=True)
        assert not check.failed(strict=True) and not check.changes and not service.refusals
        assert [each.probe.form for each in check.results] == ["text", "image", "schema", "schema with image"]
        assert all(each.reply is not None and each.reply.model == service.rules.model for each in check.results)
        lines = list(report_of(settings, check, path))
        assert len(lines) == 5 and lines[3].count("schema held") == 1 and "schema held" not in lines[1]


def refuses(words: str, when: Callable[[Mapping[str, Any]], bool]) -> Callable[[Mapping[str, Any]], None]:
    def check(body: Mapping[str, Any]) -> None:
        if when(body):
            raise Refused(400, words)

    return check


GATEWAYS: Mapping[str, tuple[Callable[[Mapping[str, Any]], None], ...]] = {
    "no_system_turn": (
        refuses("System role not supported", lambda body: any(turn["role"] == "system" for turn in body["messages"])),
    ),
    "another_name_for_the_bound": (
        refuses("Unknown parameter: max_tokens. Did you mean max_output_tokens?", lambda body: "max_tokens" in body),
        refuses("max_output_tokens is required", lambda body: "max_output_tokens" not in body),
    ),
    "a_switch_that_it_demands": (
        refuses(
            "parameter.enable_thinking must be set to false for non-streaming calls",
            lambda body: body.get("enable_thinking") is not False,
        ),
    ),
    "no_words_that_say_anything": (
        refuses("API call parameters are wrong, see the documentation", lambda body: body.get("top_p") == 1),
        refuses("API call parameters are wrong, see the documentation", lambda body: body.get("temperature") == 0),
    ),
    "one_complaint_after_the_other": (
        refuses("unknown field `seed`", lambda body: "seed" in body),
        refuses("unknown field `top_p`", lambda body: "top_p" in body),
        refuses("json_schema is not available for this deployment tier", lambda body: "response_format" in body),
    ),
    "a_warmer_model": (refuses("temperature must be 1 for this model", lambda body: body.get("temperature", 1) != 1),),
    "shorter_replies": (
        refuses(
            "max_tokens is too large: 9000. This model supports at most 4096 completion tokens",
            lambda body: body.get("max_tokens", 0) > 4096,
        ),
    ),
}


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_service_that_nobody_declared_is_understood_by_its_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cast(dict[str, Rules], HOSTED), name, Rules(model="house-model", checks=GATEWAYS[name]))
    with served(name) as service:
        check, settings, _ = checked(tmp_path, plain_role(service, max_tokens=9000))
        assert check.failed() and check.changes, service.refusals
        assert "dialect" not in check.changes
        mended = settings.model_copy(update={"roles": {role: changed(check.settings, check.changes) for role in ROLES}})
        with Models.open(mended) as models:
            [again] = check_services(mended, models, list(services_of(mended, ROLES)))
        assert not again.failed()


def test_a_header_that_a_service_wants_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules(model="house-model", checks=(refuses("Missing required header: X-Project-Id", lambda body: True),))
    monkeypatch.setitem(cast(dict[str, Rules], HOSTED), "project", rules)
    with served("project") as service:
        check, settings, path = checked(tmp_path, plain_role(service), ("judge",))
        assert not check.changes and check.calls <= 1 + MOST_TRIES
        assert 'wethink.toml:4 in [roles.judge]: add headers = { "X-Project-Id" = "..." }' in failure_of(
            settings, check, path
        )


def test_a_lesser_change_is_named_before_another_services_dialect(tmp_path: Path) -> None:
    with served("mistral") as service:
        assert checked(tmp_path, plain_role(service))[0].changes == {"omit": ("seed",)}
    with served("sparse") as service:
        changes = checked(tmp_path, plain_role(service))[0].changes
        assert changes == {"omit": ("seed",), "schema_mode": "none"}


def test_a_dialect_is_named_where_the_model_is_of_that_service(tmp_path: Path) -> None:
    for name in ("deepseek", "openai-reasoning", "gemini"):
        with served(name) as service:
            assert checked(tmp_path, plain_role(service))[0].changes == {"dialect": name}


def test_nobody_there_is_told_with_the_line_of_the_url(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    check, settings, path = checked(tmp_path, {"provider": "endpoint", "url": url, "model": "m"}, ("describer",))
    message = failure_of(settings, check, path)
    assert (
        "is not reachable" in message
        and "wethink.toml:6 in [roles.describer]: start the service, or mend the url" in message
    )
    assert check.calls == 1


@pytest.mark.parametrize("faults", [Faults(status=500), Faults(error_in_200="Model unloaded.")])
def test_a_service_that_fails_by_itself_is_not_searched_for_settings(faults: Faults, tmp_path: Path) -> None:
    with served(
        "lmstudio", faults=faults
    ) as service:  # which answers under any name, also one that says what words may say
        check, settings, path = checked(tmp_path, service.role(model="qwen3-vl-8b-thinking"), ("judge",))
        assert check.calls == 1 and not check.changes
        message = failure_of(settings, check, path)
        assert "the service fails by itself" in message and (faults.error_in_200 or "status 500") in message


def test_a_key_that_is_not_there_is_told_by_its_variable(tmp_path: Path) -> None:
    role = {"provider": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "m", "api_key_env": "WETHINK_TEST_NO_KEY"}
    check, settings, path = checked(tmp_path, role, ("judge",))
    message = failure_of(settings, check, path)
    assert "WETHINK_TEST_NO_KEY" in message and "wethink.toml:8 in [roles.judge]: export the variable" in message


def test_a_key_that_is_refused_or_missing_is_told_with_what_names_it(tmp_path: Path) -> None:
    with served("openrouter", faults=Faults(refused_keys=("sk-double-0001",))) as service:
        check, settings, path = checked(tmp_path, plain_role(service))
        assert f"put a key that the service takes into the environment variable {service.key_env}" in failure_of(
            settings, check, path
        )
        assert "sk-double" not in failure_of(settings, check, path)
        role = plain_role(service)
        del role["api_key_env"]
        check, settings, path = checked(tmp_path, role)
        assert 'add api_key_env = "NAME"' in failure_of(settings, check, path)


def test_a_url_without_its_version_is_mended(tmp_path: Path) -> None:
    with served("together") as service:
        check, settings, path = checked(tmp_path, plain_role(service, url=service.url.removesuffix("/v1")))
        assert check.changes == {"url": service.url}
        assert f":{6} in [roles.describer]" in failure_of(settings, check, path)


def test_a_reply_that_is_cut_off_is_asked_for_with_more_room_as_a_run_does(tmp_path: Path) -> None:
    with served("vllm", faults=Faults(needs_tokens=1500, usage=False)) as service:
        check, settings, path = checked(tmp_path, service.role(thinking="off"), ("judge",))
        assert check.calls == 2 and not check.failed(strict=True) and not list(notes_of(settings, check, path))


def test_a_reply_that_is_cut_off_at_last_is_a_note_to_a_run_and_mended_where_that_is_looked_for(tmp_path: Path) -> None:
    with served("vllm", faults=Faults(needs_tokens=1500, usage=False)) as service:
        role = service.role(most_tokens=600)
        check, settings, path = checked(tmp_path, role)
        assert not check.failed() and check.failed(strict=True)
        assert any("cut off at max_tokens = 600" in line for line in notes_of(settings, check, path))
        check, settings, path = checked(tmp_path, role, every_form=True)
        assert check.changes == {"max_tokens": 2400}
        assert "max_tokens = 2400 mends it" in failure_of(settings, check, path, strict=True)


def test_a_model_that_declines_and_one_that_a_filter_holds_back_are_notes(tmp_path: Path) -> None:
    for faults, words in (
        (Faults(refusal="I'm sorry, I can't help with that."), "refused"),
        (Faults(finish_reason="content_filter"), "filtered"),
    ):
        with served("openai", faults=faults) as service:
            check, settings, path = checked(tmp_path, service.role(), ("describer",))
            assert not check.failed() and any(words in note for note in notes_of(settings, check, path))


def test_a_model_that_a_service_does_not_have_is_told_with_those_it_has(tmp_path: Path) -> None:
    with served("together") as service:
        check, settings, path = checked(tmp_path, plain_role(service, model="Qwen/Qwen2.5-VL-7B"), ("describer",))
        assert check.changes == {"model": service.rules.model}
        check, settings, path = checked(tmp_path, plain_role(service, model="nothing-like-it"), ("describer",))
        assert not check.changes and f"the service has {service.rules.model}" in failure_of(settings, check, path)


def test_another_model_that_answers_is_told_with_the_setting_that_allows_it(tmp_path: Path) -> None:
    with served("ollama", faults=Faults(model="llava:13b")) as service:
        check, settings, path = checked(tmp_path, service.role(), ("describer",))
        message = failure_of(settings, check, path)
        assert "another model answers: llava:13b" in message and 'other_models = ["llava:13b"]' in message


def test_a_spent_balance_is_told_at_once_and_nothing_is_tried(tmp_path: Path) -> None:
    with served("deepseek", faults=Faults(balance_for=0)) as service:
        check, settings, path = checked(tmp_path, service.role())
        assert "Insufficient Balance" in failure_of(settings, check, path)
        assert not check.changes and check.calls == 4 and all(each.spent for each in check.results)


def test_moderation_of_the_probes_stops_nothing(tmp_path: Path) -> None:
    with served("openrouter", faults=Faults(moderated=lambda body: True)) as service:
        check, settings, path = checked(tmp_path, service.role())
        assert not check.failed() and len(list(notes_of(settings, check, path))) >= 1


def test_what_came_back_is_told_and_what_it_cost(tmp_path: Path) -> None:
    with served("vllm", faults=Faults(usage=False)) as service:
        role = service.role(price_call=0.5, thinking="off")
        check, settings, path = checked(tmp_path, role, ("describer",), every_form=True)
        lines = list(report_of(settings, check, path))
        assert lines[0].startswith(f"describer: {service.rules.model} (endpoint, http://127.0.0.1:")
        assert "no usage told, no thought" in lines[2] and "(no role here needs it)" in lines[1]
        assert price_line([check], "EUR").endswith("1.50 EUR")
    with served("vllm") as service:
        check, settings, path = checked(tmp_path, service.role(thinking="on"), ("describer",))
        assert "with a thought" in list(report_of(settings, check, path))[1]


def test_a_pack_for_the_embedded_model_is_told_of(tmp_path: Path) -> None:
    with served("vllm") as service:
        check, settings, path = checked(tmp_path, service.role(prompt_pack="embedded"), ("describer",))
        [note] = notes_of(settings, check, path)
        assert 'prompt_pack = "standard"' in note and note.startswith("wethink.toml:") and not check.failed()


def test_a_model_in_this_process_is_no_service() -> None:
    assert list(services_of(Settings(), ROLES)) == []
