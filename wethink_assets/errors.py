"""Errors that this platform raises, each where its cause is known.

A message names the file, row or setting, says what is wrong and what to do about it.
"""

__all__ = [
    "ArgumentError",
    "ConfigError",
    "EditError",
    "ModelError",
    "ReplayError",
    "SourceError",
    "StoreError",
    "StoreUnreachable",
    "TrainingError",
    "UnaccountedItems",
    "UnknownArgument",
    "UnknownName",
    "VersionError",
    "WeThinkError",
]


class WeThinkError(Exception):
    """Base of all errors that are reported to a user without a traceback."""


class ConfigError(WeThinkError):
    """A setting is unknown, wrong or missing."""


class UnknownName(ConfigError, LookupError):
    """A name that chooses among registered entries, such as a question kind, is none of theirs; the message lists them."""


class ArgumentError(ConfigError, TypeError, ValueError):
    """An argument of a reward function is of a type, length or value that it cannot take; the message names it and shows what it got."""


class UnknownArgument(UnknownName, ArgumentError):
    """An argument of a reward function names what does not exist, such as a question kind; the message lists what does."""


class SourceError(WeThinkError):
    """A source dataset cannot be listed or read."""


class SourceUnreachable(SourceError):
    """A source is out of reach for now, which says nothing of its files: what was about to be read is read by the next run."""


class SourceChanged(SourceUnreachable):
    """A file of a source was replaced while it was read: the next registration or run reads it as it is then."""


class ModelError(WeThinkError):
    """A model cannot be reached, loaded or used."""


class EditError(WeThinkError):
    """A stage's table cannot be handed out to be edited, or not be brought back as a person left it; the message names file, row and column."""


class ReplayError(WeThinkError):
    """What was made once cannot be made again from the store alone: a call, a prompt or a configuration is not kept."""


class StoreError(WeThinkError):
    """The store holds something missing, damaged or contradictory."""


class StoreUnreachable(WeThinkError, OSError):
    """The store cannot be read or written for now: its disk is full or read-only, access is refused, its service does not answer."""


class VersionError(WeThinkError):
    """A dataset version cannot be cut, built, found or verified."""


class TrainingError(WeThinkError):
    """A training run cannot be started, or was stopped early."""


class UnaccountedItems(WeThinkError):
    """A stage lost items, or put them in both results and rejections; nothing of it is published."""
