"""Secrets of the configuration are masked wherever it is shown: logins and queries of URLs, credentials among options, headers and arguments.

What is known to be harmless is shown, everything else is masked: an option that a file system gets in its next release is a secret until somebody
lists it here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wethink_assets.config.settings import Settings

__all__ = ["MASK", "PUBLIC_QUERY", "masked_text", "masked_value", "names_secret", "shown_settings"]

MASK = "***"
PUBLIC_QUERY = ("api-version",)
"""Values of a URL's query that are no secrets, and may be part of an answer."""
_HARMLESS_OPTIONS = frozenset(
    {
        "account_name", "addressing_style", "block_size", "cache_type", "client_kwargs", "config_kwargs", "default_block_size",
        "default_cache_type", "default_fill_cache", "endpoint_url", "host", "port", "profile", "project", "region_name", "retries",
        "s3", "s3_additional_kwargs", "signature_version", "target_options", "target_protocol",
    }
)  # fmt: skip
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[^a-z])(?:api|access|account|private|secret|shared|signing|encryption)?[_-]?"
    r"(?:key|keys|token|tokens|secret|password|passwd|passphrase|credential|credentials|authorization|auth|bearer|cookie|sas|signature)(?![a-z])"
    r"|apikey|authtoken|connection[_-]?string"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_VARIABLE = re.compile(r"(?:[A-Za-z]+ +)?\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>(?:[^\s\"'<>|/?#@]+:[^\s\"'<>|/?#]*[ \t]+@)?[^\s\"'<>|]+)"
)
_LOGIN = re.compile(r"^[^/?#]*@")
_QUERY = re.compile(r"(?<=[?&])([^=&#]+)=([^&#]*)")


def masked_text(text: str) -> str:
    """A text in which the user and password of each URL are masked, and what the query of each web address holds.

    >>> masked_text('url = "https://me:p@ss@host/v1?token=a&api-version=1"')
    'url = "https://***@host/v1?token=***&api-version=1"'
    """
    return _URL.sub(_masked_url, text)


def _masked_url(match: re.Match[str]) -> str:
    scheme, rest = match["scheme"], _LOGIN.sub(f"{MASK}@", match["rest"])
    if scheme.lower() in (
        "http",
        "https",
        "ws",
        "wss",
    ):  # in keys of buckets and names of files `?` and `=` are letters
        rest = _QUERY.sub(lambda pair: pair[0] if pair[1] in PUBLIC_QUERY else f"{pair[1]}={MASK}", rest)
    return f"{scheme}://{rest}"


def names_secret(name: str) -> bool:
    """Whether a setting, header, argument or field of this name is likely to hold a secret.

    >>> [names_secret(name) for name in ("api_key", "X-Api-Key", "hf_token", "--api-key", "hfToken", "apikey")]
    [True, True, True, True, True, True]
    >>> [names_secret(name) for name in ("max_completion_length", "model", "keyboard", "monkeys")]
    [False, False, False, False]
    """
    return _SECRET_NAME.search(_CAMEL.sub("_", name)) is not None


def masked_value(name: str, value: Any) -> Any:
    """A value of a table with free keys, such as `extra_body` and `env`: masked where its name says that it is a secret, else with masked URLs.

    >>> masked_value("extra_body", {"top_k": 20, "max_tokens": 5, "api_key": "sk-1", "at": "http://a:b@c"})
    {'top_k': 20, 'max_tokens': 5, 'api_key': '***', 'at': 'http://***@c'}
    """
    if isinstance(value, Mapping):
        return {key: masked_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked_value(name, inner) for inner in value]
    if not isinstance(value, str) or not value or _VARIABLE.fullmatch(value):
        return value
    return MASK if names_secret(name) else masked_text(value)


def masked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a file system: texts are masked but for those that are known to be harmless.

    >>> masked_options({"key": "AK", "anon": False, "client_kwargs": {"region_name": "eu", "aws_session_token": "t"}})
    {'key': '***', 'anon': False, 'client_kwargs': {'region_name': 'eu', 'aws_session_token': '***'}}
    """
    shown: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, Mapping):
            shown[name] = masked_options(value)
        elif value is None or isinstance(value, bool | int | float):
            shown[name] = value
        else:
            shown[name] = masked_value(name, value) if name in _HARMLESS_OPTIONS else MASK
    return shown


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers: only the names of environment variables are shown, whatever else a value holds may be a secret.

    >>> masked_headers({"X-Project": "${PROJECT}", "Authorization": "Bearer ${KEY}", "X-Other": "abc"})
    {'X-Project': '${PROJECT}', 'Authorization': 'Bearer ${KEY}', 'X-Other': '***'}
    """
    return {name: value if _VARIABLE.fullmatch(value) else MASK for name, value in headers.items()}


def masked_arguments(arguments: Iterable[str]) -> list[str]:
    """Arguments of a command in which the values of options with secrets are masked.

    >>> masked_arguments(["--api-key", "sk-1", "--hf-token=x", "--max-num-batched-tokens", "4096"])
    ['--api-key', '***', '--hf-token=***', '--max-num-batched-tokens', '4096']
    """
    shown: list[str] = []
    secret = False
    for argument in arguments:
        option, equals, value = argument.partition("=")
        is_option = argument.startswith("-")
        if secret and not is_option and not argument.isdigit():
            shown.append(MASK)
        elif is_option and equals and names_secret(option) and not value.isdigit():
            shown.append(f"{option}={MASK}")
        else:
            shown.append(masked_text(argument))
        secret = is_option and not equals and names_secret(option)
    return shown


def shown_settings(settings: "Settings") -> dict[str, Any]:
    """All settings as JSON, as they may be shown to people and to other programs: no secret among them."""
    shown: dict[str, Any] = settings.model_dump(mode="json")
    for table in (shown["store"], *shown["sources"].values()):
        table["options"] = masked_options(table["options"])
    for role in shown["roles"].values():
        role["headers"] = masked_headers(role["headers"])
        role["extra_body"] = masked_value("extra_body", role["extra_body"])
    for server in shown["servers"].values():
        server["args"] = masked_arguments(server["args"])
        server["env"] = masked_value("env", server["env"])
    return _with_masked_urls(shown)


def _with_masked_urls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_masked_urls(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_masked_urls(inner) for inner in value]
    return masked_text(value) if isinstance(value, str) else value
