"""Recipe of a cut: what a dataset version is to include, chosen by people and kept in its manifest."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from wethink_assets.config import Kind, Settings
from wethink_assets.config.data import CutSettings, DedupSettings, known_methods
from wethink_assets.dedup.methods import Comparison
from wethink_assets.errors import ConfigError
from wethink_assets.identity import digest_of
from wethink_assets.storage.faults import fault_at


def _as_set(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Names = Annotated[tuple[str, ...], AfterValidator(_as_set)]


class CutRecipe(DedupSettings, CutSettings):
    """What to include, and when two rows are the same. Equal recipes have equal digests, in whatever order they list names."""

    sources: Names = Field((), description="empty: all")
    licences: Names = Field((), description="empty: all")
    kinds: Annotated[tuple[Kind, ...], AfterValidator(_as_set)] = Field((), description="empty: all")

    @classmethod
    def of(cls, settings: Settings, **changes: Any) -> "CutRecipe":
        """Recipe of the configuration's `[cut]` and `[dedup]`, with `changes` in place of what they say.

        Raises `ConfigError` naming the value that is wrong and what is allowed.
        """
        return cls._checked({**settings.cut.model_dump(), **settings.dedup.model_dump(), **changes}, "the cut's recipe")

    @classmethod
    def read(cls, path: Path, settings: Settings) -> "CutRecipe":
        """Recipe in a TOML or JSON file; what it leaves out is as the configuration has it. Raises `ConfigError`."""
        try:
            text = path.read_text(encoding="utf-8")
            table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except OSError as error:
            raise ConfigError(fault_at(f"recipe {path} cannot be read", error)) from error
        except ValueError as error:
            raise ConfigError(
                f"recipe {path} is not {'JSON' if path.suffix == '.json' else 'TOML'}: {error}"
            ) from error
        if not isinstance(table, dict):
            raise ConfigError(f"recipe {path} must be a table of settings, such as sources and max_rows")
        base = {**settings.cut.model_dump(), **settings.dedup.model_dump()}
        return cls._checked({**base, **table}, f"recipe {path}")

    def changed(self, changes: dict[str, Any]) -> "CutRecipe":
        """This recipe with some settings replaced. Raises `ConfigError`."""
        return self._checked({**self.model_dump(), **changes}, "the cut's options")

    @classmethod
    def _checked(cls, values: dict[str, Any], origin: str) -> "CutRecipe":
        try:
            recipe = cls.model_validate(values)
        except ValidationError as error:
            fault = error.errors()[0]
            name = str(fault["loc"][0])
            if fault["type"] == "extra_forbidden":
                raise ConfigError(
                    f"{origin}: unknown setting {name}; allowed: {', '.join(cls.model_fields)}"
                ) from error
            raise ConfigError(
                f"{origin}: {name}: {fault['msg'].removeprefix('Value error, ')} (given: {fault['input']!r})"
            ) from error
        try:
            known_methods(recipe)
        except ValueError as error:
            raise ConfigError(f"{origin}: {error}") from error
        return recipe

    @property
    def digest(self) -> str:
        """sha256 of the recipe."""
        return digest_of(self.model_dump())

    @property
    def comparison(self) -> Comparison:
        """The methods that rows are compared by. Raises `UnknownName` for one that is not registered here."""
        return Comparison.of(self)
