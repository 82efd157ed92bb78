"""Usage of models by a stage: calls, tokens, money and seconds."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.config.models import PriceTier
from wethink_assets.models.chat import ROLES, Completion, Role

AMOUNTS = ("calls", "prompt_tokens", "completion_tokens", "money")
FROM_CACHE = "prompt_tokens_from_cache"  # of the service; `cached_` is of the journal
COUNTED = "calls_counted_here"  # of services that tell no usage
TOTALS = (*AMOUNTS, *(f"cached_{name}" for name in AMOUNTS), "seconds")


def price_of(
    role: RoleSettings, prompt_tokens: float, completion_tokens: float, calls: float = 1, cached_tokens: float = 0
) -> float:
    """Money for calls of a role; prices are per million tokens, and per call.

    `cached_tokens` are those of the prompts that the service had in its cache. Of several tiers that one counts whose bound is the highest below the
    tokens of a prompt (of several calls: on average). In mode `batch` all of it costs `price_batch` times as much.

    >>> price_of(RoleSettings(price_in=1, price_out=4, price_call=0.001), 1_000, 500)
    0.004
    >>> price_of(RoleSettings(price_in=1, price_cached_in=0.1), 1_000_000, 0, cached_tokens=500_000)
    0.55
    """
    prompt = prompt_tokens / calls if calls else 0.0
    tiers = [each for each in role.price_tiers if prompt > each.above]
    tier: RoleSettings | PriceTier = max(tiers, key=lambda each: each.above) if tiers else role
    cached = min(max(cached_tokens, 0), prompt_tokens)
    price_cached = tier.price_in if tier.price_cached_in is None else tier.price_cached_in
    tokens = (prompt_tokens - cached) * tier.price_in + cached * price_cached + completion_tokens * tier.price_out
    share = role.price_batch if role.mode == "batch" else 1.0
    return round(share * (calls * role.price_call + tokens / 1e6), 12)


class Usage:
    """Counts of one stage over one batch: calls made and calls found in the journal, with tokens, money and seconds.

    Money of calls that were found is what they would cost at the prices in force: what their first making may have cost. Prompt tokens from a
    service's cache, and calls whose tokens were counted here, are counts of their own where there are any.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        """`settings` name the prices; without, nothing costs money."""
        roles = {role: (settings or Settings()).role(role) for role in ROLES}
        self._prices: Mapping[Role, RoleSettings] = {role: each for role, each in roles.items() if _costs(each)}
        self.counts: Counter[str] = Counter()
        self._amounts: defaultdict[str, float] = defaultdict(float)

    def made(self, role: Role, prompt: str, completion: Completion, seconds: float) -> None:
        """Count a call that was made."""
        self._count("", role, prompt, completion)
        for scope in ("", f"{role}."):
            self._amounts[f"{scope}seconds"] += seconds

    def cached(self, role: Role, prompt: str, completion: Completion) -> None:
        """Count a call that the journal (or another item) had made already."""
        self._count("cached_", role, prompt, completion)

    def price(self, role: Role, completion: Completion) -> float:
        """Money for one call."""
        if role not in self._prices:
            return 0.0
        tokens = (completion.prompt_tokens, completion.completion_tokens)
        return price_of(self._prices[role], *tokens, cached_tokens=completion.cached_tokens)

    def _count(self, how: str, role: Role, prompt: str, completion: Completion) -> None:
        money, counts = self.price(role, completion), self.counts
        for calls, of_prompt, of_completion, from_cache, counted, of_money in _names_of(how, role, prompt):
            counts[calls] += 1
            counts[of_prompt] += completion.prompt_tokens
            counts[of_completion] += completion.completion_tokens
            if completion.cached_tokens:
                counts[from_cache] += completion.cached_tokens
            if completion.counted:
                counts[counted] += 1
            if money:
                self._amounts[of_money] += money

    @property
    def calls(self) -> int:
        """Calls made."""
        return self.counts["calls"]

    @property
    def tokens(self) -> int:
        """Tokens of the calls made, of prompts and replies."""
        return self.counts["prompt_tokens"] + self.counts["completion_tokens"]

    @property
    def money(self) -> float:
        """Money for the calls made."""
        return self._amounts["money"]

    def as_dict(self) -> dict[str, float]:
        """All counts by name: in all, as `<role>.<name>` and as `prompt.<prompt>.<name>`; `seconds` adds up calls that ran at once."""
        amounts = {name: round(value, 9) for name, value in self._amounts.items()}
        counts = {name: float(n) for name, n in self.counts.items()}
        return dict(sorted((dict.fromkeys(TOTALS, 0.0) | counts | amounts).items()))


def _costs(role: RoleSettings) -> bool:
    return any((role.price_in, role.price_cached_in, role.price_out, role.price_call, role.price_tiers))


@lru_cache(maxsize=256)
def _names_of(how: str, role: Role, prompt: str) -> tuple[tuple[str, ...], ...]:
    """Names of the counts that a call adds to: in all, of its role, of its prompt."""
    counted = ("calls", "prompt_tokens", "completion_tokens", FROM_CACHE, COUNTED, "money")
    return tuple(tuple(f"{scope}{how}{name}" for name in counted) for scope in ("", f"{role}.", f"prompt.{prompt}."))
