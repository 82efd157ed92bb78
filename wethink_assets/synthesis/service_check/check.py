"""Check of the services behind the roles: a call of each form that roles need, what was refused, and the settings that mend it.

Roles with the same settings share their calls. Where a call is refused, candidates of `remedies` are tried until all that the roles need is
answered: a refusal costs nothing, and no more than `MOST_TRIES` calls are made for it.
"""

import asyncio
import difflib
import re
import time
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar, runtime_checkable

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.errors import ModelError
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.identity import digest_of
from wethink_assets.models.chat import BalanceSpent, CallFailed, ChatModel, Completion, Message, Role, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import SERVICE_FAULTS
from wethink_assets.synthesis.budgets.allowance import Allowance
from wethink_assets.synthesis.budgets.usage import Usage
from wethink_assets.synthesis.service_check.probes import FORMS, Probe, probes_of
from wethink_assets.synthesis.service_check.remedies import (
    SETUP,
    Changes,
    aspects_of_words,
    candidates,
    joined,
    written,
)
from wethink_assets.synthesis.service_check.results import ProbeResult, ServiceCheck

__all__ = ["BESIDE_REQUESTS", "MOST_TRIES", "check_services", "services_of"]

BESIDE_REQUESTS = (
    *("price_in", "price_out", "price_cached_in", "price_call", "price_tiers"),
    *("prompt_pack", "timeout", "concurrency", "revision"),
    *("mode", "price_batch", "batch_lines", "batch_bytes", "batch_window"),
)
"""Settings of a role that change nothing of what its service takes."""
MOST_TRIES = 24
LONGEST_CALL = 120.0  # seconds that a call of the search may take
LONGEST_SEARCH = 120.0  # seconds after which no further call is made for it
MOST_ROOM = 16_384  # tokens that a reply which was cut off is given at most
T = TypeVar("T")


def services_of(settings: Settings, roles: Iterable[Role]) -> Iterator[tuple[tuple[Role, ...], RoleSettings]]:
    """Roles whose models answer elsewhere, with their settings; those whose requests are alike together."""
    together: dict[str, list[Role]] = {}
    for role in dict.fromkeys(roles):
        of_role = settings.role(role)
        if PROVIDERS[of_role.provider].is_service:
            together.setdefault(digest_of(of_role.stored(leave_out=BESIDE_REQUESTS)), []).append(role)
    for same in together.values():
        yield tuple(same), settings.role(same[0])


def check_services(
    settings: Settings,
    models: Models,
    services: Sequence[tuple[tuple[Role, ...], RoleSettings]],
    *,
    every_form: bool = False,
    allowance: Allowance | None = None,
) -> list[ServiceCheck]:
    """Check services side by side.

    Args:
        settings: all of the configuration.
        models: whose event loop makes the calls.
        services: of `services_of`.
        every_form: also make the calls that no role needs, and search for what mends replies that cannot be used.
        allowance: pays for the calls, where a budget does.

    Raises `ConfigError` for a missing prompt, `BudgetSpent` when the budget pays for no further call.
    """
    checkers = [
        _Checker(settings, models, roles, of_roles, every_form=every_form, allowance=allowance)
        for roles, of_roles in services
    ]
    return models.run(_all(checker.check() for checker in checkers))


@runtime_checkable
class ListsModels(ChatModel, Protocol):
    """A model of a service that tells which models it has."""

    async def model_names(self) -> list[str]:
        """Their names; none where it does not say."""
        ...


class _Checker:
    """The check of one service."""

    def __init__(
        self,
        settings: Settings,
        models: Models,
        roles: tuple[Role, ...],
        of_roles: RoleSettings,
        *,
        every_form: bool,
        allowance: Allowance | None,
    ) -> None:
        self._settings = settings
        self._models = models
        self._every_form = every_form
        self._allowance = allowance
        self._usage = Usage(settings)
        self._probes = _joined(roles, every_form)
        self._tries = 0  # calls beyond one a probe
        self._give_up = float("inf")
        self._tried = list[dict[str, str]]()
        address = PROVIDERS[of_roles.provider].address(settings, of_roles)
        self._check = ServiceCheck(roles, of_roles, address)

    async def check(self) -> ServiceCheck:
        """Make the calls, and search where one was refused."""
        check = self._check
        model = await asyncio.to_thread(self._opened)
        if isinstance(model, list):
            check.results = model
        else:
            check.results = await self._asked(model, check.settings, self._probes)
            check.calls = len(check.results)
        if (
            check.failed(self._every_form)
            and not any(each.stops for each in check.results)
            and not check.settings.server
        ):
            check.changes = await self._search(check)
        check.usage = self._usage.as_dict()
        check.calls += self._tries
        return check

    def _opened(self) -> ChatModel | list[ProbeResult]:
        try:
            return self._models.role(self._check.roles[0])
        except ModelError as error:  # a server of ours that does not start
            return [ProbeResult(probe, refused=str(error), stops=True) for _, probe in self._probes]

    async def _asked(
        self, model: ChatModel, of_roles: RoleSettings, probes: Sequence[tuple[Role, Probe]]
    ) -> list[ProbeResult]:
        return await _all(self._ask(model, of_roles, role, probe) for role, probe in probes)

    async def _ask(self, model: ChatModel, of_roles: RoleSettings, role: Role, probe: Probe) -> ProbeResult:
        messages = probe.messages(self._settings, role)
        sampling = replace(
            self._models.sampling(role, self._settings.pipeline.seed),
            temperature=of_roles.temperature,
            top_p=of_roles.top_p,
            max_tokens=of_roles.max_tokens,
        )
        began = time.monotonic()
        try:
            reply = await self._paid(model, messages, probe, role, sampling)
            more = self._models.more_room(role, reply, sampling.max_tokens) if of_roles is self._check.settings else 0
            if reply.finish_reason == "length" and more:  # as a run asks again for what was cut off
                sampling = replace(sampling, max_tokens=more)
                self._tries += 1
                reply = await self._paid(model, messages, probe, role, sampling)
        except ModelError as error:
            if (
                isinstance(error, CallFailed) and error.reason not in SERVICE_FAULTS
            ):  # moderation, of this picture or text
                return ProbeResult(probe, fault=f"{error.reason}: {error}")
            spent = isinstance(error, BalanceSpent)
            return ProbeResult(probe, refused=str(error), stops=_is_final(error), spent=spent)
        fault = probe.fault(reply, sampling.max_tokens)
        return ProbeResult(probe, reply, fault=fault, room=sampling.max_tokens, seconds=time.monotonic() - began)

    async def _paid(
        self, model: ChatModel, messages: Sequence[Message], probe: Probe, role: Role, sampling: Sampling
    ) -> Completion:
        """One call, counted, and paid by the budget where there is one."""
        if self._allowance is not None:
            await self._allowance.admit()
        reply: Completion | None = None
        began = time.monotonic()
        try:
            reply = await model.chat(messages, schema=probe.schema, sampling=sampling)
        finally:
            self._pay(role, reply)
        self._usage.made(role, probe.prompt, reply, time.monotonic() - began)
        return reply

    def _pay(self, role: Role, reply: Completion | None) -> None:
        if self._allowance is None:
            return
        if reply is None:
            self._allowance.failed()
        else:
            self._allowance.finished(reply.prompt_tokens + reply.completion_tokens, self._usage.price(role, reply))

    async def _search(self, check: ServiceCheck) -> dict[str, Any]:
        """Changes with which everything needed is answered; empty where none was found."""
        self._give_up = time.monotonic() + LONGEST_SEARCH
        needed = [(role, probe) for role, probe in self._probes if probe.needed]
        role, changes, failed = check.settings, dict[str, Any](), check.failed(self._every_form)
        while failed:
            step = await self._step(role, failed[0], dict(needed_by_form(needed)))
            if step is None:
                return {}
            more, role = step
            changes = joined(changes, more)
            failed = [
                each for each in await self._try(role, needed) if each.refused or (each.fault and self._every_form)
            ]
        return changes

    async def _step(
        self, role: RoleSettings, failed: ProbeResult, roles: dict[str, Role]
    ) -> tuple[Changes, RoleSettings] | None:
        """The change that mends one failure, else the first that brings other words than before; None where there is none left to try."""
        progress: tuple[Changes, RoleSettings] | None = None
        words = failed.words
        names = await self._names_like(role) if "model" in words and "HTTP 4" in words else []
        for changes, other in _candidates(role, failed, words, names):
            if self._tries >= MOST_TRIES or time.monotonic() > self._give_up:
                break
            if written(other) in self._tried:
                continue
            self._tried.append(written(other))
            [result] = await self._try(other, [(roles[failed.probe.form], failed.probe)])
            if result.good or (not self._every_form and not result.refused):
                return changes, other
            said = result.words
            if progress is None and not result.stops and said != words and not aspects_of_words(said) & SETUP:
                progress = changes, other
        return progress

    async def _names_like(self, role: RoleSettings) -> list[str]:
        """Names of models that the service has and that are like the one asked for."""
        model = self._other(role)
        names = await _closing(model, model.model_names()) if isinstance(model, ListsModels) else []
        self._check.model_names = tuple(names)
        return difflib.get_close_matches(role.model, names, n=2, cutoff=0.5)

    async def _try(self, role: RoleSettings, probes: Sequence[tuple[Role, Probe]]) -> list[ProbeResult]:
        self._tries += len(probes)
        model = self._other(role)
        return await _closing(model, self._asked(model, role, probes))

    def _other(self, role: RoleSettings) -> ChatModel:
        """The service asked with other settings; to be closed on the loop of the calls."""
        patient = role.model_copy(update={"timeout": min(role.timeout, LONGEST_CALL)})
        name = self._check.roles[0]
        return Models(self._settings.model_copy(update={"roles": {**self._settings.roles, name: patient}})).role(name)


def _candidates(
    role: RoleSettings, failed: ProbeResult, words: str, names: Sequence[str]
) -> Iterator[tuple[Changes, RoleSettings]]:
    """What may mend one failure, the likeliest first."""
    reply = failed.reply
    if reply is not None and reply.finish_reason == "length":
        room = min(MOST_ROOM, max(2048, 4 * failed.room))
        if room > failed.room:
            yield {"max_tokens": room}, role.model_copy(update={"max_tokens": room})
    elif failed.refused and (re.match(r"HTTP 4", words) or aspects_of_words(words)):
        yield from candidates(role, words, names)  # what a broken service is sent makes no difference
    elif reply is not None and reply.finish_reason == "stop":
        yield from candidates(role, "schema" if failed.probe.schema else "thinking")


def needed_by_form(probes: Iterable[tuple[Role, Probe]]) -> Iterator[tuple[str, Role]]:
    """The role whose prompt each probe of a form has."""
    return ((probe.form, role) for role, probe in probes)


def _joined(roles: Sequence[Role], every_form: bool) -> list[tuple[Role, Probe]]:
    """The probes of several roles, one a form; one that any role needs is needed."""
    by_form: dict[str, tuple[Role, Probe]] = {}
    for role in roles:
        for probe in probes_of(role, every_form):
            if probe.form not in by_form or (probe.needed and not by_form[probe.form][1].needed):
                by_form[probe.form] = role, probe
    return [by_form[form] for form in FORMS if form in by_form]


def _is_final(error: ModelError) -> bool:
    """Whether no change of a request would help: nothing is left to spend, nobody is there, or no key is given."""
    refused = isinstance(error, CallFailed) or re.search(r"HTTP \d{3}", str(error))
    return isinstance(error, BalanceSpent) or not refused


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    ended = await asyncio.gather(*work, return_exceptions=True)
    for end in ended:
        if isinstance(end, BaseException):
            raise end
    return [end for end in ended if not isinstance(end, BaseException)]


async def _closing(model: ChatModel, work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    finally:
        await model.aclose()
