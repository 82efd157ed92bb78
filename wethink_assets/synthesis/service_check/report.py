"""Report of a service check: what was answered, what was refused, and the line of `wethink.toml` that mends it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.config.loading import line_of
from wethink_assets.models.chat import Role
from wethink_assets.stages.prompts import PACKS
from wethink_assets.synthesis.budgets.progress import money
from wethink_assets.synthesis.service_check.remedies import aspects_of_words
from wethink_assets.synthesis.service_check.results import ProbeResult, ServiceCheck

__all__ = ["failure_of", "notes_of", "price_line", "report_of", "toml_lines"]


def failure_of(settings: Settings, check: ServiceCheck, path: Path, strict: bool = False) -> str:
    """What the roles of a service cannot work with and what mends it, in one line; empty where nothing is wrong."""
    failed = check.failed(strict)
    if not failed:
        return ""
    message = (failed[0].refused or failed[0].fault).rstrip(".")
    return f"{_roles(check.roles)} ({failed[0].probe.form}): {message}. {_remedy(settings, check, failed[0], path)}"


def notes_of(settings: Settings, check: ServiceCheck, path: Path) -> Iterator[str]:
    """What is worth knowing of a service that was not refused anything."""
    for note in check.notes:
        more = f"; {_place(path, check.roles, 'max_tokens')}: raise it" if "max_tokens" in note else ""
        yield f"{_roles(check.roles)}: {note}{more}"
    yield from _wrong_pack(settings, check, path)


def report_of(settings: Settings, check: ServiceCheck, path: Path) -> Iterator[str]:
    """The lines that tell of one service."""
    yield f"{', '.join(check.roles)}: {check.settings.model} ({check.settings.provider}, {check.address})"
    for each in check.results:
        beside = "" if each.probe.needed else " (no role here needs it)"
        yield f"  {each.probe.form:<18}{_told(each, check.settings)}{beside}"
    failed = check.failed(strict=True)
    if failed:
        yield f"  {_remedy(settings, check, failed[0], path)}"
    yield from (f"  {line}" for line in _wrong_pack(settings, check, path))


def price_line(checks: Sequence[ServiceCheck], currency: str) -> str:
    """Calls, tokens and price of a check."""
    sums = {name: sum(check.usage.get(name, 0.0) for check in checks) for name in _SUMS}
    tokens = f"{sums['prompt_tokens']:,.0f} tokens in, {sums['completion_tokens']:,.0f} out"
    price = money(sums["money"], currency) if sums["money"] else "free, or no prices are configured"
    return f"price of the check: {sum(check.calls for check in checks)} calls, {tokens}, {price}"


_SUMS = ("prompt_tokens", "completion_tokens", "money")


def toml_lines(changes: Mapping[str, Any]) -> str:
    """Settings as they stand in `wethink.toml`.

    >>> toml_lines({"omit": ("seed",), "rename": {"max_tokens": "max_completion_tokens"}})
    'omit = ["seed"] and rename = { max_tokens = "max_completion_tokens" }'
    """
    return " and ".join(f"{name} = {_toml(value)}" for name, value in changes.items())


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _told(result: ProbeResult, role: RoleSettings) -> str:
    reply = result.reply
    if reply is None:
        return f"refused: {result.refused}"
    counted = reply.counted or not reply.prompt_tokens
    usage = "no usage told" if counted else f"usage {reply.prompt_tokens} + {reply.completion_tokens} tokens"
    thought = "with a thought" if "<think>" in reply.text else "no thought"
    schema = "" if result.probe.reply is None or result.fault else ", schema held"
    notes = "".join(f"; {note}" for note in result.notes(role))
    return f"answered by {reply.model} in {result.seconds:.1f} s, {usage}, {thought}{schema}{notes}"


def _remedy(settings: Settings, check: ServiceCheck, failed: ProbeResult, path: Path) -> str:
    if check.changes:
        lines = toml_lines(check.changes)
        return f"{_place(path, check.roles, next(iter(check.changes)))}: {lines} mends it (tried: all that is needed is answered then)"
    key, advice = _advice(check, failed)
    return f"{_place(path, check.roles, key)}: {advice}"


def _advice(check: ServiceCheck, failed: ProbeResult) -> tuple[str, str]:
    """The setting that a failure is about for which no change was found that mends it, and what to do there."""
    role, words = check.settings, failed.words
    aspects = aspects_of_words(words)
    if failed.stops and "HTTP" not in words and "environment variable" in words:
        return "api_key_env", "export the variable that is named here, or name the one that holds the key"
    if failed.stops and "not reachable" in words:
        return "url", "start the service, or mend the url"
    answered = re.search(r"another model answers: (\S.*?), not ", words)
    if failed.stops and answered:
        return "model", f"name the model that answers, model = {_toml(answered[1])}, or allow it"
    if failed.stops:
        return "model", "settle this at the service, or name another one"
    if failed.refused and not re.search(r"HTTP [1-4]\d\d", words) and not aspects:
        return "url", "the service fails by itself, whatever it is sent: see its log, or name another one"
    header = re.search(r"([A-Za-z][\w-]*-[\w-]+)\W{1,3}header|header\W{1,5}([A-Za-z][\w-]*-[\w-]+)", words)
    if header and (header[1] or header[2]).lower() not in map(str.lower, role.headers):
        return "headers", f'add headers = {{ "{header[1] or header[2]}" = "..." }} with what the service wants there'
    if "key" in aspects and role.api_key_env:
        return "api_key_env", f"put a key that the service takes into the environment variable {role.api_key_env}"
    if "key" in aspects:
        return "api_key_env", 'add api_key_env = "NAME", the environment variable that holds the key'
    if "model" in aspects and check.model_names:
        names = ", ".join(check.model_names[:12])
        return "model", f"the service has {names}{', ...' if len(check.model_names) > 12 else ''}"
    if aspects & {"model", "address"}:
        return "url", "mend the url (most end in /v1) or the name of the model"
    if "image" in failed.probe.form and not any(each.good and "image" in each.probe.form for each in check.results):
        return "model", "this role sends images: name a model that takes them"
    if failed.fault:
        return "model", "name a model that can do it, or tell it better how (prompt_pack, thinking, max_tokens)"
    return "dialect", (
        "no setting was found that mends it; parameters are left out with omit, renamed with rename and added with extra_body "
        "(docs/endpoints.md)"
    )


def _place(path: Path, roles: Sequence[Role], key: str) -> str:
    """File, line and table of a setting of each role, or of the table where it is to stand."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        text = ""
    first, *others = (f":{line_of(text, ('roles', role, key))} in [roles.{role}]" for role in roles)
    return f"{path.name}{first}" + "".join(f", {other}" for other in others)


def _wrong_pack(settings: Settings, check: ServiceCheck, path: Path) -> Iterator[str]:
    roles = [role for role in check.roles if settings.prompt_pack(role) == "embedded"]
    if roles:
        yield (
            f"{_place(path, roles, 'prompt_pack')}: the prompt pack embedded is written for the embedded model alone; "
            f'prompt_pack = "{PACKS[0]}" is for large ones'
        )


def _roles(roles: Sequence[Role]) -> str:
    return f"role{'s' * (len(roles) > 1)} {', '.join(roles)}"
