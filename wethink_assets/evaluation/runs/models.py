"""Evaluated models: a training run's policy, the base model that it started from, or any other of `scoring.models`, and how each is served."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.config.evaluation import ScoredModelSettings
from wethink_assets.errors import ConfigError, ModelError, TrainingError
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.identity import digest_of, sha256_hex
from wethink_assets.models.embedded.checkpoints import checkpoint_digest, checkpoint_names
from wethink_assets.models.servers.runtime import servers_root, write_whole
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.base_model import is_embedded
from wethink_assets.training.policies.catalog import Policy, find_policy, list_policies, local_checkpoint

EMBEDDED = "embedded/"
SERVED = ".scored"
"""Added to the name of a server whose table serves a model that is scored: another role may use the server itself."""
SHA256 = 64
JINJA = re.compile(r"\{[{%]")
EMBEDDED_TOKENS = 200
"""Tokens of an embedded policy's reply, at most: its longest right ones have about 150."""


@dataclass(frozen=True)
class EvaluatedModel:
    """A model that is scored: known by the digest of its weights.

    role: says what stands behind it, fetching weights where it must; weights: what a server of ours would serve, a folder or an id of the
    Hub with its revision, fetched where it must be; own: the table of a model that was not trained here.
    """

    name: str
    digest: str
    identity: dict[str, str]
    embedded: bool
    role: Callable[[], RoleSettings]
    weights: Callable[[], tuple[str, str]] | None = None
    own: ScoredModelSettings | None = None

    def settings(self, settings: Settings) -> Settings:
        """The configuration with this model in the role `policy`. Raises `ModelError` when nothing serves it.

        Where `scoring.server` names a server, it is started with this model's weights, unless the model has an endpoint of its own.
        """
        scoring = settings.scoring
        if not scoring.server or self.weights is None or self.name in scoring.endpoints:
            role = self.role()
            if role.server and self.own is not None and self.own.chat_template:
                return self._on_its_own_server(settings, role.server, {}, role)
            return settings.model_copy(update={"roles": {**settings.roles, "policy": role}})
        model, revision = self.weights()
        return self._on_its_own_server(settings, scoring.server, {"model": model, "revision": revision}, RoleSettings())

    def _on_its_own_server(
        self, settings: Settings, server: str, changes: dict[str, Any], role: RoleSettings
    ) -> Settings:
        """The configuration with a server of this model's own, made of another's table: its weights, or its chat template, are no one else's."""
        table = settings.server(server)
        if table.url:
            what = f"the {'weights' if changes else 'chat template'} of {self.name}"
            raise ConfigError(
                f"{server} is attached to by its url, so it cannot be given {what}: name a server that is started here"
                + (f' in scoring.server, or add [scoring.endpoints."{self.name}"]' if changes else "")
            )
        if template := chat_template_of(settings, self.own):
            changes = {**changes, "args": (*table.args, "--chat-template", str(template_file(template)))}
        name = f"{server}{SERVED}"
        servers = {**settings.servers, name: table.model_copy(update={**changes, "idle": 0.0})}
        served = role.model_copy(update={"provider": "endpoint", "server": name})
        return settings.model_copy(update={"servers": servers, "roles": {**settings.roles, "policy": served}})

    def request_options(self, settings: Settings) -> dict[str, Any]:
        """What the settings of the endpoint that serves it change of its replies, if one does."""
        if self.embedded:
            return {}
        if self.own is not None:
            options = PROVIDERS[self.own.provider].request_options(self.own, with_schema=False)
            return {**options, **self.call_options(settings)}
        role = settings.scoring.endpoints.get(self.name, settings.role("policy"))
        served = self.name in settings.scoring.endpoints or role.model == self.name
        return PROVIDERS[role.provider].request_options(role, with_schema=False) if served else {}

    def call_options(self, settings: Settings) -> dict[str, Any]:
        """What keys of calls name beside weights, messages and the endpoint's options: the digest of a chat template of its own."""
        template = chat_template_of(settings, self.own)
        return {"chat_template": sha256_hex(template.encode())} if template else {}


def chat_template_of(settings: Settings, table: ScoredModelSettings | None) -> str:
    """The template by which a model's conversations are written; empty: its own. Raises `ConfigError` where the file is none.

    What has `{{` or `{%` is the template itself; anything else is the name of a file, as in the configuration.
    """
    given = table.chat_template if table is not None else ""
    if not given or JINJA.search(given):
        return given
    path = Path(settings.resolve(given))
    try:
        template = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(
            f"chat_template: {path} cannot be read ({reason}); name a Jinja file, or give its text"
        ) from error
    if not JINJA.search(template):
        raise ConfigError(f"chat_template: {path} holds no Jinja template: neither {{{{ nor {{% is in it")
    return template


def template_file(template: str) -> Path:
    """The file of a template for a server of this machine, named by its content: a changed template is another server."""
    folder = servers_root() / "templates"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{sha256_hex(template.encode())}.jinja"
    write_whole(path, template)
    return path


def policy_of(store: Store, key: str, others: Collection[str] = ()) -> Policy:
    """The policy of a training run. Raises `TrainingError` when it was not trained, with near names; `others`: of `scoring.models`."""
    policy = find_policy(store, key)
    if policy is None:
        known = [*(other.key for other in list_policies(store)), *others]
        near = get_close_matches(key, known, 3)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        models = ", ".join(sorted(others)) or "none"
        raise TrainingError(
            f"training run {key} has no policy in {store.url}: `wethink train` makes it; a model that was not trained here is named by"
            f" [scoring.models.{key}] (there are: {models}){meant}"
        )
    return policy


def trained_model(settings: Settings, store: Store, policy: Policy) -> EvaluatedModel:
    """The policy of a training run."""
    embedded = policy.base_model["model"].startswith(EMBEDDED)
    identity = {"kind": "policy", "model": policy.key, "revision": policy.model_digest, "policy": policy.digest}

    def role() -> RoleSettings:
        return RoleSettings(model=str(local_checkpoint(store, policy))) if embedded else _served(settings, policy.key)

    def weights() -> tuple[str, str]:
        return str(local_checkpoint(store, policy)), ""

    return EvaluatedModel(policy.key, policy.model_digest, identity, embedded, role, weights)


def base_model_of(settings: Settings, policy: Policy) -> EvaluatedModel:
    """The model that a policy started from: the same for all policies of one base, whatever they are called."""
    model, revision = policy.base_model["model"], policy.base_model["revision"]
    embedded = model.startswith(EMBEDDED)
    identity = {"kind": "base", "model": model, "revision": revision}

    def shipped() -> str:
        name = model.removeprefix(EMBEDDED)
        if (digest := checkpoint_digest(name)) != revision:
            raise ModelError(
                f"{model} of this package is not the base of {policy.key}: its digest is {digest}, not {revision}"
            )
        return name

    def role() -> RoleSettings:
        return RoleSettings(model=shipped()) if embedded else _served(settings, model)

    def weights() -> tuple[str, str]:
        return (f"{EMBEDDED}{shipped()}", "") if embedded else (model, revision)

    digest = revision if len(revision) == SHA256 else digest_of([model, revision])
    return EvaluatedModel(model, digest, identity, embedded, role, weights)


def model_of_its_own(settings: Settings, name: str) -> EvaluatedModel:
    """A model of `scoring.models`, under its name: two of other prompts are two models. Raises `ConfigError` for an unknown name."""
    table = settings.scoring.models.get(name)
    if table is None:
        known = ", ".join(sorted(settings.scoring.models)) or "none"
        raise ConfigError(f"scoring.models has no {name!r}; there are: {known}")
    checkpoint = PROVIDERS[table.provider].checkpoint("policy", table)
    if not checkpoint:
        return _other(name, table.model or name, table.revision, False, table, lambda: table)
    folder = Path(settings.resolve(checkpoint))
    if checkpoint in checkpoint_names() or is_embedded(folder):
        if table.chat_template:
            raise ConfigError(
                f"scoring.models.{name}.chat_template: {checkpoint} is an embedded model, which reads one form of prompts only; leave it out"
            )
        digest = checkpoint_digest(checkpoint if checkpoint in checkpoint_names() else str(folder))
        return _other(name, f"{EMBEDDED}{folder.name}", digest, True, table, lambda: table)

    def unserved() -> RoleSettings:
        raise ModelError(
            f"nothing serves {name}: set scoring.server to a [servers.<name>] table, which then serves the weights of {checkpoint}, or give"
            f' [scoring.models."{name}"] provider = "endpoint", url and model'
        )

    if (folder / "config.json").is_file():
        revision = checkpoint_digest(str(folder))
        return _other(name, folder.name, revision, False, table, unserved, lambda: (str(folder), ""))
    return _other(name, checkpoint, table.revision, False, table, unserved, lambda: (checkpoint, table.revision))


def _other(
    name: str,
    model: str,
    revision: str,
    embedded: bool,
    table: ScoredModelSettings,
    role: Callable[[], RoleSettings],
    weights: Callable[[], tuple[str, str]] | None = None,
) -> EvaluatedModel:
    identity = {"kind": "model", "name": name, "model": model, "revision": revision}
    digest = digest_of(["model of its own", name, model, revision])
    return EvaluatedModel(name, digest, identity, embedded, role, weights, table)


def _served(settings: Settings, name: str) -> RoleSettings:
    """Where a model is served: in `scoring.endpoints`, else by the role `policy` where it plays that model."""
    endpoint = settings.scoring.endpoints.get(name)
    if endpoint is not None:
        return endpoint
    role = settings.role("policy")
    if role.model == name and not PROVIDERS[role.provider].checkpoint("policy", role):
        return role
    raise ModelError(
        f"nothing serves {name}: set scoring.server to a [servers.<name>] table, by which each model is served in turn, or add "
        f'[scoring.endpoints."{name}"] with provider = "endpoint", url and model'
    )
