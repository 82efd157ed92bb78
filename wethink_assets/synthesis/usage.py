"""What did the model calls of a stage cost?"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from wethink_assets.models.chat import Completion


@dataclass
class Usage:
    """Counts of one stage over one batch: calls made, calls found in the journal, tokens and seconds of those made."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def made(self, role: str, completion: Completion, seconds: float) -> None:
        """Count a call that was made."""
        for scope in ("", f"{role}."):
            self.counts[f"{scope}calls"] += 1
            self.counts[f"{scope}prompt_tokens"] += completion.prompt_tokens
            self.counts[f"{scope}completion_tokens"] += completion.completion_tokens
            self.seconds[f"{scope}seconds"] += seconds

    def found(self, role: str, completion: Completion) -> None:
        """Count a call that the journal (or another item) had made already."""
        for scope in ("", f"{role}."):
            self.counts[f"{scope}cached_calls"] += 1
            self.counts[f"{scope}cached_tokens"] += completion.prompt_tokens + completion.completion_tokens

    def as_dict(self) -> dict[str, float]:
        """All counts by name, in all and as `<role>.<name>`; `seconds` adds up calls that ran at once."""
        totals = dict.fromkeys(("calls", "cached_calls", "prompt_tokens", "completion_tokens", "seconds"), 0.0)
        rounded = {name: round(value, 3) for name, value in self.seconds.items()}
        return dict(sorted((totals | {name: float(n) for name, n in self.counts.items()} | rounded).items()))
