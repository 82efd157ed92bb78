"""Tables `[roles.<role>]`: the model behind each role."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from wethink_assets.config.base import Table, Variable
from wethink_assets.config.locations import stated, web_address
from wethink_assets.extensions.builtin import DIALECTS, PROVIDERS
from wethink_assets.models.chat import ROLES

_CREDENTIAL = re.compile(
    r"(?i)(api|access|subscription|secret)[_-]?key|secret|passw|authorization|credential|bearer|(access|auth|api|id)[_-]?token"
)
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def known_provider(name: str) -> str:
    """Refuse a provider that is none of those registered."""
    if name not in PROVIDERS:
        raise ValueError(f"unknown provider {name!r}; known: {', '.join(PROVIDERS)}")
    return name


def known_dialect(name: str) -> str:
    """A dialect's name as it is registered, however people write it (LM Studio, llama.cpp); none is named by an empty text. Others are refused."""
    names = {_letters(known): known for known in DIALECTS}
    if name and _letters(name) not in names:
        raise ValueError(f"unknown dialect {name!r}; known: {', '.join(DIALECTS)}")
    return names[_letters(name)] if name else name


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def sendable_headers(headers: dict[str, str]) -> dict[str, str]:
    """Refuse headers that HTTP does not have, and the one that every request has for itself."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise ValueError(f"{name!r} with value {'***' if value else value!r} is no HTTP header")
        if name.lower() in ("content-type", "content-length", "host"):
            raise ValueError(f"{name} is set by WeThink and by nothing else")
    return headers


def without_credentials(body: dict[str, Any]) -> dict[str, Any]:
    """Refuse a credential in the body of requests, which is kept as provenance of each reply."""
    for name, value in body.items():
        if isinstance(value, str) and value and _CREDENTIAL.search(name):
            raise ValueError(
                f"{name} would be kept in the store as part of what was asked: send it as a header with ${{NAME}}, or name a variable in api_key_env"
            )
        if isinstance(value, dict):
            without_credentials(value)
    return body


class PriceTier(Table):
    """Prices of calls whose prompt has more tokens than `above`, as some services have them."""

    above: int = Field(ge=1, description="prompt tokens from which, exclusively, these prices hold")
    price_in: float = Field(ge=0, description="money for a million prompt tokens")
    price_out: float = Field(ge=0, description="money for a million tokens of replies")
    price_cached_in: float | None = Field(None, ge=0, description="of prompt tokens in the cache; none: price_in")


def distinct_tiers(tiers: tuple[PriceTier, ...]) -> tuple[PriceTier, ...]:
    """Refuse two tiers with one bound."""
    bounds = [tier.above for tier in tiers]
    repeated = next((bound for bound in bounds if bounds.count(bound) > 1), None)
    if repeated is not None:
        raise ValueError(f"two tiers above {repeated}: which of their prices holds nobody can tell")
    return tiers


class RoleSettings(Table):
    """The model behind one role."""

    provider: Annotated[str, AfterValidator(known_provider)] = Field(
        "embedded", description="what answers: embedded (in this process), endpoint (OpenAI-compatible), or a plugin's"
    )
    model: str = Field("", description="checkpoint of the package, or the endpoint's model name")
    revision: str = Field("", description="revision that the endpoint serves, for provenance")
    url: Annotated[str, AfterValidator(web_address)] = Field(
        "", description="base URL of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1"
    )
    urls: tuple[Annotated[str, AfterValidator(stated), AfterValidator(web_address)], ...] = Field(
        (), description="base URLs of further replicas of the same model and revision"
    )
    server: str = Field("", description="name of a [servers.<name>] table: the model is served by a server of ours")
    api_key_env: Variable = Field("", description="environment variable that holds the key")
    api_key_envs: tuple[Variable, ...] = Field(
        (), description="further variables with keys of the same service, used in turn"
    )
    dialect: Annotated[str, AfterValidator(known_dialect)] = Field(
        "", description="form of requests that the service takes; empty: by the host of url, else plain"
    )
    headers: Annotated[dict[str, str], AfterValidator(sendable_headers)] = Field(
        {}, description="further headers of a request; ${NAME} is taken from the environment"
    )
    extra_body: Annotated[dict[str, Any], AfterValidator(without_credentials)] = Field(
        {}, description="further fields of a request's body"
    )
    omit: tuple[str, ...] = Field((), description="parameters that are not sent, such as seed")
    rename: dict[str, str] = Field({}, description="parameters sent under another name")
    schema_mode: Literal["", "strict", "unbounded", "json_object", "none"] = Field(
        "", description="how a JSON schema is asked for; empty: as the dialect does"
    )
    instructions: Literal["", "system", "developer", "user"] = Field(
        "", description="whose turn the instructions stand in; empty: as the dialect does"
    )
    thinking: Literal["", "off", "on", "low", "medium", "high"] = Field(
        "", description="whether the model thinks before it answers; empty: as it does by itself"
    )
    other_models: tuple[str, ...] = Field(
        (), description="models that may answer in place of the one asked for; any: whichever does"
    )
    mode: Literal["live", "batch"] = Field(
        "live",
        description="how stages ask: call by call, or by batch jobs of the service (files and batches of OpenAI's form)",
    )
    batch_lines: int = Field(50_000, ge=1, description="calls of one batch job, at most")
    batch_bytes: int = Field(200_000_000, ge=1_000, description="bytes of the file of one batch job, at most")
    batch_window: str = Field("24h", min_length=1, description="within which the service is to answer a batch job")
    prompt_pack: str = Field("", description="overrides the pipeline's")
    temperature: float = Field(0.0, ge=0, le=2, description="of sampling; 0: greedy")
    top_p: float = Field(1.0, gt=0, le=1, description="of sampling")
    max_tokens: int = Field(512, ge=1, description="tokens of a reply, at most")
    most_tokens: int = Field(
        0, ge=0, description="room for a reply that was cut off, at most; 0: chosen by max_tokens and thinking"
    )
    image_pixels: int = Field(0, ge=0, description="pixels of an image that is sent, at most; 0: as many as it has")
    image_bytes: int = Field(0, ge=0, description="bytes of an image that is sent, at most; 0: as many as it has")
    timeout: float = Field(600, gt=0, description="seconds one call may take")
    concurrency: int = Field(0, ge=0, le=4096, description="calls in flight at one URL, at most; 0: the pipeline's")
    price_in: float = Field(0.0, ge=0, description="money for a million prompt tokens")
    price_cached_in: float | None = Field(
        None, ge=0, description="money for a million prompt tokens that the service had in its cache; none: price_in"
    )
    price_out: float = Field(0.0, ge=0, description="money for a million tokens of replies")
    price_call: float = Field(0.0, ge=0, description="money for a call, whatever its length")
    price_tiers: Annotated[tuple[PriceTier, ...], AfterValidator(distinct_tiers)] = Field(
        (), description="other prices for calls with long prompts"
    )

    price_batch: float = Field(
        0.5, ge=0, description="what calls in mode batch cost, as a share of the other prices: half, at most services"
    )

    @model_validator(mode="before")
    @classmethod
    def _a_server_means_provider_endpoint(cls, given: Any) -> Any:
        return {"provider": "endpoint", **given} if isinstance(given, dict) and given.get("server") else given

    @model_validator(mode="after")
    def _has_what_its_provider_needs(self) -> "RoleSettings":
        PROVIDERS[self.provider].check(self)
        return self

    @property
    def replicas(self) -> tuple[str, ...]:
        """All base URLs of the role, `url` first, each once."""
        return tuple(dict.fromkeys(url.rstrip("/") for url in (self.url, *self.urls) if url))


def known_role(name: str) -> str:
    """Refuse a role that no stage knows."""
    if name not in ROLES:
        raise ValueError(f"unknown role {name!r}; roles are {', '.join(ROLES)}")
    return name
