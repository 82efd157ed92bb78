"""Results of a service check: what came of each probe, and what mends what was refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wethink_assets.config import RoleSettings
from wethink_assets.models.chat import Completion, Role
from wethink_assets.synthesis.service_check.probes import Probe

__all__ = ["ProbeResult", "ServiceCheck"]


@dataclass(frozen=True)
class ProbeResult:
    """What came of one probe: the reply, or the service's words, or what is wrong with the reply.

    refused: why there is no reply; fault: why the reply cannot be used; stops: the service gives nothing to any request, whatever is changed;
    spent: since its balance is; room: tokens that the reply could have.
    """

    probe: Probe
    reply: Completion | None = None
    refused: str = ""
    fault: str = ""
    stops: bool = False
    spent: bool = False
    room: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether a usable reply came."""
        return not (self.refused or self.fault)

    @property
    def words(self) -> str:
        """What the service said, without the model and the URL that our message begins with."""
        message = self.refused or self.fault
        said = re.search(r"HTTP \d{3}.*", message, re.DOTALL)
        return said[0] if said else re.sub(r"^\S{1,300} at https?://\S+ ", "", message)

    def notes(self, role: RoleSettings) -> Iterator[str]:
        """What is worth knowing of a reply that came."""
        if self.fault:
            yield self.fault
        if self.reply is None:
            return
        thought = "<think>" in self.reply.text
        if thought and role.thinking == "off":
            yield "thinking was switched off, and a thought came all the same"
        if not thought and role.thinking not in ("", "off"):
            yield "thinking was asked for, and no thought came back"
        if self.good and not self.probe.shows_image(self.reply):
            yield "the reply does not speak of what the picture shows, a red circle above the number 42: does the model see images?"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        reply = self.reply
        result: dict[str, Any] = {
            "form": self.probe.form,
            "needed": self.probe.needed,
            "answered": reply is not None,
            "refused": self.refused,
            "fault": self.fault,
            "seconds": round(self.seconds, 3),
        }
        if reply is not None:
            result |= {
                "model": reply.model,
                "finish_reason": reply.finish_reason,
                "usage": not reply.counted and reply.prompt_tokens > 0,
                "prompt_tokens": reply.prompt_tokens,
                "completion_tokens": reply.completion_tokens,
                "cached_tokens": reply.cached_tokens,
                "thinking": "<think>" in reply.text,
                "schema": self.probe.reply is not None and self.good,
            }
        return result


@dataclass
class ServiceCheck:
    """Check of one service: the roles that ask it with the same settings, what came of their probes, and what mends what was refused.

    changes: settings with which all that the roles need was answered; empty where nothing was found, or nothing is to mend.
    """

    roles: tuple[Role, ...]
    settings: RoleSettings
    address: str
    results: list[ProbeResult] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    model_names: tuple[str, ...] = ()
    usage: dict[str, float] = field(default_factory=dict)
    calls: int = 0

    def failed(self, strict: bool = False) -> list[ProbeResult]:
        """Results that the roles cannot work with: what was refused, and with `strict` also replies that cannot be used."""
        return [each for each in self.results if each.probe.needed and (each.refused or (strict and each.fault))]

    @property
    def notes(self) -> list[str]:
        """What is worth knowing of replies that came, each once."""
        return list(dict.fromkeys(note for each in self.results for note in each.notes(self.settings)))
