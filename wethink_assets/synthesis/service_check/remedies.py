"""Remedies for what a service refuses: the settings of a role that change what it complains of, the smallest change first.

A service says in its words what it does not take. Candidates are all registered dialects, and single settings beside them; those that change what
the words speak of are tried first, by how little else they change, and a dialect before settings that come to the same requests. Nothing here
knows a service: what a dialect does is asked of its entry, so that one of a plugin is a candidate like the others.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wethink_assets.config import RoleSettings
from wethink_assets.extensions.builtin import DIALECTS
from wethink_assets.models.chat import Sampling
from wethink_assets.models.dialects.dialect import PARAMETERS
from wethink_assets.models.dialects.request_form import RequestForm, dialect_of

__all__ = ["SETUP", "Changes", "aspects_of_words", "candidates", "changed", "joined", "written"]

Changes = Mapping[str, Any]
"""Settings of a role by name, with the values that they should have."""

ASPECTS: Mapping[str, str] = {
    "temperature": r"temperature",
    "top_p": r"top_?p\b",
    "seed": r"seed",
    "max_tokens": r"max_?(completion_|new_|output_)?tokens|max_length",
    "schema": r"response_?format|schema|grammar|json|guided|structured|additionalProperties|(min|max)(Length|Items|imum)|not permitted",
    "instructions": r"\bsystem\b|developer|\brole\b|alternate|messages\[0\]",
    "fields": r"chat_template_kwargs|reasoning|thinking|extra_body|must be (set to )?\W?(true|false)",
    "address": r"HTTP (404|405|30\d)|not found|invalid url|redirects|no route|deployment",
    "key": r"HTTP (401|403)|api[-_ ]?key|authenticat|unauthorized|credential|bearer",
    "model": r"model.{0,80}?(not exist|not found|unknown|invalid|unavailable|no access|not supported)|(unknown|invalid|no such) model"
    r"|model_?not_?found",
}
"""What a service's words may speak of, by the aspect of a request that it is."""
SETUP = {"address", "key", "model"}
"""Aspects that are wrong for every request, whatever its parameters."""

_SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 1}},
    "required": ["text"],
    "additionalProperties": False,
}
_SAMPLING = ("seed", "top_p", "temperature")
_CHANGES: Sequence[Changes] = (
    *({"omit": (name,)} for name in (*_SAMPLING, "max_tokens")),
    *({"omit": _SAMPLING[:count]} for count in (2, 3)),
    {"omit": ("top_p", "temperature")},
    {"rename": {"max_tokens": "max_completion_tokens"}},
    *({"schema_mode": mode} for mode in ("unbounded", "json_object", "none", "strict")),
    *({"instructions": turn} for turn in ("user", "system", "developer")),
    *({"thinking": way} for way in ("off", "on")),
    {
        "omit": _SAMPLING,
        "schema_mode": "none",
        "instructions": "user",
    },  # what any service takes, where its words say nothing
)


def aspects_of_words(words: str) -> set[str]:
    """The aspects of a request that a service's words speak of.

    >>> sorted(aspects_of_words("HTTP 400: `temperature` and `top_p` cannot both be specified for this model"))
    ['temperature', 'top_p']
    """
    return {aspect for aspect, pattern in ASPECTS.items() if re.search(pattern, words, re.IGNORECASE)}


def written(role: RoleSettings) -> dict[str, str]:
    """A role's requests by aspect: equal values are equal bytes there."""
    form = RequestForm.of(role)
    parameters = form.parameters(Sampling(role.temperature, role.top_p, role.max_tokens, seed=7))
    values: dict[str, Any] = {
        **{name: parameters.get(name) for name in ("temperature", "top_p", "seed")},
        "max_tokens": {name: value for name, value in parameters.items() if name not in _SAMPLING},
        "schema": [form.response_format(_SCHEMA), bool(form.told(_SCHEMA))],
        "instructions": form.instructions,
        "fields": form.fields,
        "address": [form.base_url(url, role.model) for url in role.replicas],
        "key": [form.dialect.key_header, form.dialect.key_prefix, role.api_key_env],
        "model": role.model,
    }
    return {aspect: json.dumps(value, sort_keys=True, default=str) for aspect, value in values.items()}


def joined(changes: Changes, more: Changes) -> dict[str, Any]:
    """Changes and further ones: parameters that are omitted, renamed or added join those that were.

    >>> joined({"omit": ("seed",)}, {"omit": ("top_p",), "dialect": "tgi"})
    {'omit': ('seed', 'top_p'), 'dialect': 'tgi'}
    """
    both = {**changes, **more}
    for name in changes.keys() & more.keys():
        if isinstance(changes[name], Mapping):
            both[name] = {**changes[name], **more[name]}
        elif isinstance(changes[name], tuple):
            both[name] = tuple(dict.fromkeys((*changes[name], *more[name])))
    return both


def changed(role: RoleSettings, changes: Changes) -> RoleSettings:
    """A role with other settings (`joined`). Raises `ValueError` for what cannot be."""
    return RoleSettings.model_validate(joined(role.model_dump(exclude_unset=True), changes))


def candidates(role: RoleSettings, words: str, names: Sequence[str] = ()) -> Iterator[tuple[Changes, RoleSettings]]:
    """Changes of a role that may satisfy a service that said these words, the likeliest first; each makes other requests than those before.

    `names` are those of models that the service has and that are like the role's.
    """
    before, named = written(role), aspects_of_words(words)
    ranked: list[tuple[tuple[bool, int, int], Changes, RoleSettings, dict[str, str]]] = []
    for changes in (
        *({"dialect": name} for name in DIALECTS),
        *_CHANGES,
        *_renamed(words),
        *_demanded(role, words),
        *_less_room(role, words),
        *({"model": name} for name in names),
        *_addresses(role),
    ):
        try:
            other = changed(role, changes)
            after = written(other)
        except ValueError:  # the dialect cannot do what another setting asks for
            continue
        differs = {aspect for aspect, value in after.items() if value != before[aspect]}
        setup = named & SETUP
        if "max_tokens" in other.omit and "max_tokens" not in named:
            continue  # without a bound a server of one's own writes until its context is full
        if not differs or (setup and not differs & named) or (not setup and differs & SETUP):
            continue  # a key or an address that is wrong is mended by no parameter, and one that is right needs no mending
        likely = _is_likely(role, str(changes.get("dialect", "")))
        beside = max(0, len(differs - named) - 2 * likely)
        # Of equal changes a dialect that fits the names first, and one that is some other service's last: its name would mislead.
        rank = (not differs & named, beside, 0 if likely else 2 if "dialect" in changes else 1)
        ranked.append((rank, changes, other, after))
    ranked.sort(key=lambda each: each[0])
    seen = [before]
    for _, changes, other, after in ranked:
        if after not in seen:
            seen.append(after)
            yield changes, other


def _is_likely(role: RoleSettings, dialect: str) -> bool:
    """Whether the names of model and host say that a dialect is spoken there, which a gateway in front of a service leaves open."""
    if not dialect:
        return False
    service, models = dialect.partition("-")[0], DIALECTS[dialect].models
    places = f"{role.model} {' '.join(role.replicas)}".lower()
    return bool(re.match(models, role.model)) if models else service in places


def _addresses(role: RoleSettings) -> Iterator[Changes]:
    if len(role.replicas) != 1 or dialect_of(role).path:
        return
    url = role.replicas[0]
    if not re.search(r"/v\d+[a-z]*(/|$)", url):
        yield from ({"url": f"{url}{end}"} for end in ("/v1", "/api/v1", "/openai/v1"))
    elif url.endswith("/v1"):
        yield {"url": url.removesuffix("/v1")}


def _renamed(words: str) -> Iterator[Changes]:
    """Other names for the bound of length and the seed that the words name, as in "use max_completion_tokens instead"."""
    for name in dict.fromkeys(re.findall(r"[A-Za-z]\w+", words)):
        if "token" in name.lower() and "_" in name and name != "max_tokens":
            yield {"rename": {"max_tokens": name}}
        elif "seed" in name.lower() and name.lower() != "seed":
            yield {"rename": {"seed": name}}


def _demanded(role: RoleSettings, words: str) -> Iterator[Changes]:
    """Fields that the words demand, as in "enable_thinking must be set to false"."""
    pattern = r"\b([a-z]\w*)\W{1,4}(?:must|should|has to|needs to) be (?:set to )?\W{0,3}(true|false|\d+(?:\.\d+)?)\b"
    for name, value in re.findall(pattern, words, re.IGNORECASE):
        if name not in PARAMETERS:
            yield {"extra_body": {**role.extra_body, name: json.loads(value.lower())}}
        elif name in ("temperature", "top_p") and value.lower() not in ("true", "false"):
            yield {name: float(value)}


def _less_room(role: RoleSettings, words: str) -> Iterator[Changes]:
    """Less `max_tokens`, by the numbers that the words name: the most that a model writes, or that fits beside a prompt."""
    numbers = {int(number.replace(",", "")) for number in re.findall(r"\b\d[\d,]{1,8}\b", words)}
    fitting = sorted((number for number in numbers if 256 <= number < role.max_tokens), reverse=True)
    yield from ({"max_tokens": number} for number in fitting[:3])
