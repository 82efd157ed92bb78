"""Faults that a double of a service shows beside its rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Faults:
    """What goes wrong at a service; by default nothing.

    Args:
        balance_for: requests that the balance is good for; each further one is refused as the service refuses it. None: it never ends.
        quota: the daily quota ends in place of the balance, where the service has another answer for that.
        moderated: whether the service's moderation holds a request back, given its body.
        needs_tokens: tokens that a whole reply has: with less room it is cut off in mid-word, with the finish reason `length`.
        requests_a_minute: limit that is told in the service's headers; requests beyond it get 429. None: no limit and no headers.
        tokens_a_minute: likewise for tokens.
        window: seconds of such a "minute".
        refused_keys: keys that the service does not take, beside those it never knew.
        model: name that replies give for the model that answered; empty: the one asked for.
        usage: whether replies tell usage.
        cached_tokens: prompt tokens that usage says were in the cache, in the service's spelling.
        error_in_200: message of an error that comes with status 200, as the service sends such; empty: none.
        finish_reason: in place of the service's own word; empty: that.
        refusal: text of a refusal in the message's own field, where the service has one, else in its content.
        status: every request gets this status with a text; 0: none does.
        headers: further headers of every response.
        delay: seconds before a response.
    """

    balance_for: int | None = None
    quota: bool = False
    moderated: Callable[[Mapping[str, Any]], bool] | None = None
    needs_tokens: int = 0
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    window: float = 60.0
    refused_keys: tuple[str, ...] = ()
    model: str = ""
    usage: bool = True
    cached_tokens: int = 0
    error_in_200: str = ""
    finish_reason: str = ""
    refusal: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
