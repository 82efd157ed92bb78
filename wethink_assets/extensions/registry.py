"""Registries: the entries that a key chooses among, such as question kinds, stages or readers, each declared once.

An entry is given as a value, or as `"module:NAME"`, which is imported when it is first looked up: listing the keys of a registry imports
nothing. `wethink.toml` names modules of one's own in `plugins`; what they register joins the entries that ship (`docs/extending.md`).
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Generic, TypeVar, cast

from wethink_assets.errors import ConfigError, UnknownName

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Entries by key, in the order of their registration. Looking up an unknown key raises `UnknownName`, which names the known ones.

    >>> shapes = Registry[int]("shape", {"triangle": 3})
    >>> shapes.register("square", 4)
    4
    >>> shapes["square"], list(shapes)
    (4, ['triangle', 'square'])
    >>> shapes["circle"]
    Traceback (most recent call last):
    wethink_assets.errors.UnknownName: unknown shape 'circle'; known: triangle, square
    """

    def __init__(
        self, noun: str, entries: Mapping[str, T | str] | None = None, check: Callable[[str, T], None] | None = None
    ) -> None:
        """An entry is what the `noun` names. `check` raises `ConfigError` for an entry that is not complete."""
        self.noun = noun
        self._check = check
        self._entries: dict[str, T | str] = dict(entries or {})

    def register(self, key: str, entry: T) -> T:
        """Add an entry and return it. The same entry may be added again; raises `ConfigError` where the key is another one's."""
        known = self._entries.get(key)
        if known is not None and known != entry:
            raise ConfigError(f"{self.noun} {key!r} is registered already; give yours another name")
        if self._check is not None:
            self._check(key, entry)
        self._entries[key] = entry
        return entry

    def unregister(self, key: str) -> None:
        """Take an entry out again, as tests do that put one in."""
        del self._entries[key]

    @property
    def declared(self) -> Mapping[str, T | str]:
        """The entries as they were given, by key, `"module:NAME"` not imported: a view that stays true, for those who ask very often."""
        return MappingProxyType(self._entries)

    def __getitem__(self, key: str) -> T:
        try:
            entry = self._entries[key]
        except (KeyError, TypeError):
            raise UnknownName(f"unknown {self.noun} {key!r}; known: {', '.join(self._entries)}") from None
        if isinstance(entry, str):
            module, _, name = entry.partition(":")
            entry = self._entries[key] = cast(T, getattr(import_module(module), name))
            if self._check is not None:
                self._check(key, entry)
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries
