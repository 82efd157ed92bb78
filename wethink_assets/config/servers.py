"""Tables `[servers.<name>]`: vLLM servers that runs start, share and stop."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from wethink_assets.config.base import NAME, Table, Variable
from wethink_assets.config.locations import web_address

_COMMIT = re.compile(r"[0-9a-f]{40}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ServerSettings(Table):
    """One vLLM server of this machine, or one elsewhere that is attached to by its URL."""

    model: str = Field(description="id on the Hub, a folder, or embedded/<checkpoint>; roles see it under this name")
    revision: str = Field(
        "", description="commit of the Hub that is served, and provenance; a folder is identified by its files"
    )
    url: Annotated[str, AfterValidator(web_address)] = Field(
        "", description="base URL of a server that somebody else runs: nothing is started"
    )
    api_key_env: Variable = Field(
        "", description="environment variable with the key; needed off the loopback interface"
    )
    device: Literal["auto", "gpu", "cpu"] = Field("auto", description="auto: GPUs where this machine has some")
    tensor_parallel: int = Field(1, ge=1, description="GPUs that one replica is split over")
    replicas: int = Field(1, ge=1, description="servers alike, between which calls are balanced")
    gpus: tuple[int, ...] = Field((), description="numbers of the GPUs that may be used; empty: all")
    gpu_memory: float = Field(0.9, gt=0, le=1, description="share of each GPU's memory that a replica takes")
    weights: float = Field(0.0, ge=0, description="GiB of all weights; 0: from the files, else from the model's name")
    kv_cache: float = Field(
        0.0, ge=0, description="GiB of KV cache that must fit at least; 0: for 8 full conversations"
    )
    max_model_len: int = Field(0, ge=0, description="tokens of a prompt with its reply; 0: the model's own limit")
    dtype: str = Field("", description="as vLLM names it; empty: the model's own, float32 on CPU")
    images: int | None = Field(None, ge=0, description="images in a prompt at most; unset: vLLM's own limit")
    args: tuple[str, ...] = Field((), description="further arguments of vLLM's server; they come last, so they win")
    env: dict[str, str] = Field(default_factory=dict, description="environment of the server; no secrets here")
    python: str = Field("", description="Python that has vLLM; empty: .venv-vllm on CPU where it exists, else this one")
    host: str = Field("127.0.0.1", description="address to listen on")
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], Annotated[int, Field(ge=1, le=65535)]] = Field(
        (8100, 8199), description="first and last port to choose from"
    )
    start_timeout: float = Field(1800, gt=0, description="seconds until it must be healthy, waiting for a GPU included")
    idle: float | None = Field(
        None, ge=0, description="seconds it outlives its last run; unset: 600 by schedule, else 0"
    )

    @model_validator(mode="after")
    def _reachable_and_guarded(self) -> "ServerSettings":
        if not self.model:
            raise ValueError("a server needs a model")
        if self.ports[0] > self.ports[1]:
            raise ValueError(f"ports {self.ports[0]} to {self.ports[1]}: the first is above the last")
        if not self.url and self.host not in LOOPBACK and not self.api_key_env:
            raise ValueError(f"host {self.host} is open to others: set api_key_env, or listen on 127.0.0.1")
        if any(argument.partition("=")[0] == "--api-key" for argument in self.args):
            raise ValueError(
                "args holds --api-key, which everybody on the machine could read: name a variable in api_key_env"
            )
        if any(argument.partition("=")[0] == "--trust-remote-code" for argument in self.args) and not _COMMIT.fullmatch(
            self.revision
        ):
            raise ValueError(
                "args holds --trust-remote-code: name the commit whose code you have read as revision, 40 hexadecimal digits"
            )
        if self.gpus and len(set(self.gpus)) < self.tensor_parallel:
            raise ValueError(
                f"tensor_parallel {self.tensor_parallel} needs as many gpus, {len(set(self.gpus))} are named"
            )
        return self


def server_name(name: str) -> str:
    """Refuse a name that no folder could bear."""
    if not NAME.fullmatch(name):
        raise ValueError(f"a server name is letters, digits and _.+-: {name!r}")
    return name
