"""Base of all tables of the configuration, with former names of settings, and types that several tables share."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from wethink_assets.errors import UnknownName
from wethink_assets.extensions.builtin import READERS
from wethink_assets.kinds import KINDS

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def known_reader(name: str) -> str:
    """Refuse a name that is not a registered reader."""
    if name not in ("auto", "folder", *READERS):
        raise ValueError(f"unknown reader {name!r}; known: auto, folder, {', '.join(READERS)}")
    return name


def known_kind(code: str) -> str:
    """Refuse a question kind that is none of those registered."""
    try:
        return KINDS[code].code
    except UnknownName as error:
        raise ValueError(str(error)) from None


def variable_name(name: str) -> str:
    """Refuse what is no name of an environment variable, such as the key that somebody put there in place of the variable's name; it is not shown."""
    if name and not VARIABLE.fullmatch(name):
        raise ValueError(
            "is no name of an environment variable: it names the variable that holds the key, and is not the key"
        )
    return name


Reader = Annotated[str, AfterValidator(known_reader)]
Kind = Annotated[str, AfterValidator(known_kind)]
Variable = Annotated[str, AfterValidator(variable_name)]
Share = Annotated[float, Field(ge=0, le=1)]
OLD_NAMES_END = "0.3.0"
"""The release in which settings are refused under their former names (docs/versioning.md)."""


class Table(BaseModel):
    """One table of the file: immutable, unknown settings refused.

    `RENAMED` has the former name of each renamed setting, and its current name. The file and the environment may use both for one release
    (`OLD_NAMES_END`), then the former one is refused on loading; records in the store keep the former one for good (`stored`), as digests go by it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    RENAMED: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_current_names(cls, given: Any) -> Any:
        if not cls.RENAMED or not isinstance(given, Mapping):
            return given
        twice = sorted(name for name in given if cls.RENAMED.get(name) in given)
        if twice:
            raise ValueError(
                f"{twice[0]} is the former name of {cls.RENAMED[twice[0]]}: give {cls.RENAMED[twice[0]]} alone"
            )
        return {cls.RENAMED.get(name, name): value for name, value in given.items()}

    def stored(self, leave_out: Collection[str] = ()) -> dict[str, Any]:
        """The settings as JSON, by the names that records keep: a renaming changes no digest. Those in `leave_out` are not among them.

        >>> class Trip(Table):
        ...     RENAMED = {"miles": "distance"}
        ...     distance: int
        >>> Trip(distance=3).stored(), Trip.current(Trip(distance=3).stored())
        ({'miles': 3}, {'distance': 3})
        """
        former = {now: name for name, now in self.RENAMED.items()}
        values = {name: getattr(self, name) for name in type(self).model_fields}
        dumped = self.model_dump(mode="json")
        return {
            former.get(name, name): value.stored() if isinstance(value, Table) else dumped[name]
            for name, value in values.items()
            if name in dumped and name not in leave_out
        }

    @classmethod
    def current(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a record by their current names; keys that are not settings are left as they are."""
        settings = {}
        for key, value in stored.items():
            name = cls.RENAMED.get(key, key)
            table = cls.model_fields[name].annotation if name in cls.model_fields else None
            if isinstance(table, type) and issubclass(table, Table) and isinstance(value, Mapping):
                value = table.current(value)
            settings[name] = value
        return settings
