"""One replica of a server as its supervisor starts it, and the name that all this adds up to."""

import hashlib

from pydantic import BaseModel, ConfigDict


class ServerSpec(BaseModel):
    """One replica to start; its port and its GPUs are chosen when it is.

    weights: what pins them, so that a folder with new weights is another server; allowed: GPUs that may be used, empty for all; share: of
    each GPU's memory; ram: GiB that it takes where it uses no GPU.
    """

    model_config = ConfigDict(frozen=True)

    server: str
    replica: int = 0
    model: str
    command: tuple[str, ...]
    env: dict[str, str]
    weights: str = ""
    api_key_env: str = ""
    host: str = "127.0.0.1"
    ports: tuple[int, int] = (8100, 8199)
    gpus: int = 0
    allowed: tuple[int, ...] = ()
    share: float = 0.0
    ram: float = 0.0
    start_timeout: float = 1800.0

    @property
    def key(self) -> str:
        """Name of all that decides what is served and how: whoever wants the same finds the same server."""
        fields = self.model_dump_json(exclude={"server", "start_timeout"})
        return hashlib.sha256(fields.encode()).hexdigest()[:20]

    def full_command(self, port: int) -> list[str]:
        """The command line with the port in place."""
        return [*self.command, "--host", self.host, "--port", str(port)]
