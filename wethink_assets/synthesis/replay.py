"""Replay of a stage from the journal: its table is made once more by the settings that were kept with it, and no model is called.

`configurations/<digest>.json` keeps, beside each commit of a stage that asks models, what its calls follow from: settings of the pipeline, the
identity, sampling and options of each role, and what sources allow of answers. It holds no address and no secret.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError, ReplayError
from wethink_assets.extensions.builtin import PROVIDERS, STAGES
from wethink_assets.identity import digest_of
from wethink_assets.models.chat import ChatModel, Completion, Role
from wethink_assets.models.dialects.request_form import reasons
from wethink_assets.models.registry import Models, first_tokens, next_room, shared_room
from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.storage.journal.calls import Call
from wethink_assets.storage.journal.journal import journal_folder, journaled_calls
from wethink_assets.storage.journal.known_replies import REPLY, KnownReplies, KnownReply, fits
from wethink_assets.storage.records import create_record, read_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.prompt_packs import Prompt, compiled, load_prompt, prompt_text

__all__ = ["Configuration", "configuration_of", "keep_configuration", "replay_stage"]

FOLDER = "configurations"
BESIDE_CALLS = frozenset({"batch_size", "budget", "concurrency", "currency"})
"""Settings of `[pipeline]` that no call follows from."""


class ReplayedRole(BaseModel):
    """A role as its calls follow from it. `options` are its request options, without and with a JSON schema."""

    model_config = ConfigDict(frozen=True)

    model: str
    revision: str
    prompt_pack: str
    temperature: float
    top_p: float
    max_tokens: int
    most_tokens: int = 0
    image_pixels: int = 0
    image_bytes: int = 0
    thinks: bool = False
    has_more_room: bool = True
    options: tuple[dict[str, Any], dict[str, Any]] = Field(default_factory=lambda: ({}, {}))


class Configuration(BaseModel):
    """What the calls of a stage follow from, beside prompts and tables. `sources`: what those of one's own settings allow of answers."""

    model_config = ConfigDict(frozen=True)

    pipeline: dict[str, Any]
    roles: dict[Role, ReplayedRole]
    sources: dict[str, dict[str, float]] = Field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 of what it says."""
        return digest_of(self.model_dump(mode="json"))

    def settings(self) -> Settings:
        """As settings of a stage that calls nobody. Raises `ConfigError` where they name what is not there, such as a plugin's question kind."""
        names = ("prompt_pack", "temperature", "top_p", "max_tokens", "most_tokens", "image_pixels", "image_bytes")
        known = {source.name for source in KNOWN_SOURCES}
        own = {"location": ".", "title": "a source of one's own", "licence": "unknown"}
        tables = {
            "pipeline": self.pipeline,
            "roles": {name: role.model_dump(include=set(names)) for name, role in self.roles.items()},
            "sources": {name: {**({} if name in known else own), **table} for name, table in self.sources.items()},
        }
        try:
            return Settings.model_validate(tables)
        except ValidationError as error:
            fault = error.errors()[0]
            setting = ".".join(str(part) for part in fault["loc"])
            raise ConfigError(f"the settings that were kept cannot be read: {setting}: {fault['msg']}") from error


def configuration_of(settings: Settings, models: Models, roles: Iterable[Role]) -> Configuration:
    """What the calls of these roles follow from."""
    return Configuration(
        pipeline=settings.pipeline.model_dump(mode="json", exclude=set(BESIDE_CALLS)),
        roles={role: _replayed(settings, models, role) for role in roles},
        sources={
            name: allowed
            for name, table in settings.sources.items()
            if (allowed := table.model_dump(include={"tolerance", "edit_distance"}, exclude_none=True))
        },
    )


def _replayed(settings: Settings, models: Models, role: Role) -> ReplayedRole:
    of_role = settings.role(role)
    model, revision = models.identity(role)
    return ReplayedRole(
        model=model,
        revision=revision,
        prompt_pack=settings.prompt_pack(role),
        temperature=of_role.temperature,
        top_p=of_role.top_p,
        max_tokens=first_tokens(of_role),
        most_tokens=of_role.most_tokens,
        image_pixels=of_role.image_pixels,
        image_bytes=of_role.image_bytes,
        thinks=reasons(of_role),
        has_more_room=PROVIDERS[of_role.provider].has_more_room(of_role),
        options=(models.request_options(role, False), models.request_options(role, True)),
    )


def keep_configuration(store: Store, configuration: Configuration) -> str:
    """Keep a configuration in the store, once; its digest, which a commit names."""
    create_record(store, f"{FOLDER}/{configuration.digest}.json", configuration)
    return configuration.digest


def replay_stage(store: Store, commit: Commit, inputs: Sequence[pl.DataFrame]) -> StageOutput:
    """The output of a stage that asks models, made from its commit's configuration and its batch's journal.

    Args:
        store: with the journal; nothing is written to it.
        commit: of the stage over the batch.
        inputs: results of the tables that the stage reads, in its order.

    Raises `ReplayError` where the commit names no configuration, or a prompt or a call is not kept, `ConfigError` for settings that this
    release does not know.
    """
    stage = STAGES[commit.asset]
    path = f"{FOLDER}/{commit.configuration}.json"
    kept = read_record(store, path, Configuration) if commit.configuration else None
    if kept is None or kept.digest != commit.configuration:
        cause = (
            "was made before configurations were kept" if not commit.configuration else f"names {path}, which is gone"
        )
        raise ReplayError(f"{commit.asset} of {commit.batch} {cause}: its calls cannot be asked for again")
    settings = kept.settings()
    # Of a prompt and one that asks several of it at once, the commit names the one that was asked with.
    prompts = {name: _prompt(store, settings, name, commit) for name in commit.prompts or stage.asked_prompts(settings)}
    journal = _JournalOnly(store, commit.asset, commit.batch)
    with _ReplayedModels(settings, kept.roles) as models:
        session = Synthesis(settings, store, models, commit.asset, commit.batch, journal, prompts=prompts)
        return stage.run(*inputs, session)


def _prompt(store: Store, settings: Settings, name: str, commit: Commit) -> Prompt:
    """The prompt of a commit: that of its pack where it still says the same, else the text in the archive."""
    sha256 = commit.prompts.get(name, "")
    try:
        own = load_prompt(settings, name)
    except ConfigError:
        own = None
    if own is not None and own.sha256 == sha256:
        return own
    text = prompt_text(store, sha256) if sha256 else None
    if text is None:
        raise ReplayError(
            f"{commit.asset} of {commit.batch}: the store does not keep its prompt {name} ({sha256[:16]})"
        )
    return compiled(name, f"prompts/{sha256}.md", text.encode(), PROMPTS[name].variables)


class _JournalOnly:
    """A journal that is read and left as it is: a call that it does not hold is an error."""

    def __init__(self, store: Store, stage: str, batch: str) -> None:
        self.folder = journal_folder(stage, batch)
        self._known = KnownReplies()
        calls = journaled_calls(store, stage, batch).select("key", "request", "max_tokens", *REPLY)
        self._known.add(
            KnownReply(key, Completion(*reply), request, max_tokens)
            for key, request, max_tokens, *reply in calls.iter_rows()
        )

    async def once(self, key: str, make: Callable[[], Awaitable[Call]]) -> tuple[Completion, bool]:
        """The reply that was kept. Raises `ReplayError`."""
        reply = self._known.find(key)
        if reply is None:
            raise ReplayError(
                f"{self.folder} holds no call {key[:16]}, which the stage asks for; it holds {len(self._known)} others"
            )
        return reply, True

    def with_room(self, key: str, request: str, max_tokens: int) -> tuple[str, Completion] | None:
        """As of the journal."""
        known = None if key in self._known else self._known.whole(request)
        return (known.key, known.completion) if known is not None and fits(known, max_tokens) else None

    def flush(self) -> None:
        """Nothing was added."""


class _ReplayedModels(Models):
    """Models by their kept identities; none of them can be called."""

    def __init__(self, settings: Settings, roles: Mapping[Role, ReplayedRole]) -> None:
        super().__init__(settings)
        self._roles = roles

    def role(self, role: Role) -> ChatModel:
        raise ReplayError(f"a replay calls no model, and {role} was to be called")

    def identity(self, role: Role) -> tuple[str, str]:
        return self._roles[role].model, self._roles[role].revision

    def request_options(self, role: Role, with_schema: bool) -> dict[str, Any]:
        return self._roles[role].options[with_schema]

    def room_for(self, role: Role, replies: int) -> int:
        kept = self._roles[role]
        if not kept.has_more_room:
            return 0
        return shared_room(replies, kept.max_tokens, kept.most_tokens, kept.thinks)

    def more_room(self, role: Role, reply: Completion, max_tokens: int = 0) -> int:
        kept = self._roles[role]
        if not kept.has_more_room:
            return 0
        return next_room(max_tokens or kept.max_tokens, kept.max_tokens, kept.most_tokens, kept.thinks, reply.text)
