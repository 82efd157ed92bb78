"""A value in its forms, and a group of values that one question goes with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """One value as answers write it.

    forms: equal with the group's question and without one. asked: further forms, which say this value beside the group's question only.
    """

    forms: tuple[str, ...]
    asked: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Forms that say this value beside the group's question."""
        return self.forms + self.asked


@dataclass(frozen=True, slots=True)
class Group:
    """Different values that one question may have as its answer.

    apart: whether they also differ from the values of the pool's other groups; `1:05` of a clock and `1:05 pm` need not.
    """

    name: str
    question: str
    values: tuple[Value, ...]
    apart: bool


def group(name: str, question: str, values: list[Value], *, apart: bool = True) -> Group:
    """A group; fails where a form stands for two values, so that a mistake in a pool is no finding about the rules."""
    owner: dict[str, int] = {}
    for index, value in enumerate(values):
        for form in value.all:
            if owner.setdefault(form, index) != index:
                raise ValueError(f"{form!r} of the group {name!r} stands for two values")
    return Group(name, question, tuple(values), apart)
