"""Provider `endpoint`: models behind an OpenAI-compatible API, at a URL or on a server of this machine."""

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from wethink_assets.models.chat import ChatModel, Role
from wethink_assets.models.dialects.request_form import RequestForm, request_options
from wethink_assets.models.endpoint.openai_format import OpenAIFormat, encoded_images
from wethink_assets.models.endpoint.replicas import Replicas
from wethink_assets.models.providers.provider import Provider

if TYPE_CHECKING:
    from wethink_assets.config import RoleSettings, Settings
    from wethink_assets.models.endpoint.batch_api import BatchApi
    from wethink_assets.models.servers.servers import Servers


class EndpointProvider(Provider):
    """Roles that name one URL share its limit of calls in flight; all roles share the images that were encoded for requests."""

    def __init__(self, settings: "Settings", servers: "Servers") -> None:
        super().__init__(settings, servers)
        self._replicas = Replicas()
        self._images = encoded_images()

    @classmethod
    def check(cls, role: "RoleSettings") -> None:
        """Either a server, or URL and model, and requests that the dialect has; for batch jobs one URL."""
        if role.server and role.replicas:
            super().check(role)
        if not role.server and not (role.replicas and role.model):
            raise ValueError("provider endpoint needs url and model")
        if role.mode == "batch" and (role.server or len(role.replicas) > 1):
            raise ValueError('mode = "batch" needs one url of a service that takes batch jobs, and no server or urls')
        RequestForm.of(role)

    @classmethod
    def runs_here(cls, settings: "Settings", role: "RoleSettings") -> bool:
        """Where the role names a server that runs start on this machine."""
        return bool(role.server) and not settings.server(role.server).url

    @classmethod
    def address(cls, settings: "Settings", role: "RoleSettings") -> str:
        """URLs, or the server's name. Users and passwords in URLs are left for the caller to mask."""
        if role.server:
            return settings.server(role.server).url or f"server {role.server} of this machine"
        return ", ".join(role.replicas)

    @classmethod
    def request_options(cls, role: "RoleSettings", with_schema: bool) -> dict[str, Any]:
        """How requests differ from plain ones, where settings say so."""
        return request_options(role, with_schema)

    def identity(self, role: Role, settings: "RoleSettings") -> tuple[str, str]:
        """As configured; a server that names no revision is pinned by the files it serves."""
        if settings.server and not settings.revision:
            from wethink_assets.models.servers.weights import revision_of

            return settings.model, revision_of(self.settings, self.settings.server(settings.server))
        return settings.model, settings.revision

    def require(self, roles: Sequence["RoleSettings"]) -> None:
        """The servers of these roles start together, when the first of them is needed."""
        self.servers.require(dict.fromkeys(role.server for role in roles if role.server))

    def prepare(self, settings: "RoleSettings") -> "RoleSettings":
        """Start the role's server, unless it is there, and wait until it is ready; URLs get what their dialect has in them."""
        if settings.server:
            urls = tuple(self.servers.urls(settings.server))
        else:
            form = RequestForm.of(settings)
            urls = tuple(form.base_url(url, settings.model) for url in settings.replicas)
        # The dialect is settled here: it is known by the host, which a URL keeps, but for that of a server of ours.
        return settings.model_copy(update={"url": urls[0], "urls": urls[1:]})

    def key(self, role: Role, settings: "RoleSettings") -> tuple[str, ...]:
        """As for all, and how requests are written."""
        names = ("dialect", "headers", "extra_body", "omit", "rename", "schema_mode", "instructions", "thinking")
        written = settings.model_dump(mode="json", include=set(names), exclude_defaults=True)
        return (*super().key(role, settings), *([json.dumps(written, sort_keys=True)] if written else []))

    def open(self, role: Role, settings: "RoleSettings") -> ChatModel:
        """A client; nothing is connected before its first call."""
        from wethink_assets.models.endpoint.client import EndpointModel

        form = RequestForm.of(settings)
        return EndpointModel.of(
            settings,
            max_concurrency=settings.concurrency or self.settings.pipeline.concurrency,
            replicas=self._replicas,
            wire_format=OpenAIFormat(form=form, images=self._images, headers=settings.headers),
            names_deployment="{model}" in form.dialect.path,
            restart_wait=partial(self.servers.wait_for_restart, settings.server) if settings.server else None,
        )

    def batch_api(self, settings: "RoleSettings") -> "BatchApi":
        """Batch jobs in OpenAI's form, at the role's URL; nothing is connected yet."""
        from wethink_assets.models.endpoint.batch_api import BatchApi

        return BatchApi(settings)
