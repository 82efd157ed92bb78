"""What a dataset version is to include: chosen by people, kept in its manifest."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wethink_assets.config import Kind, Settings, Share
from wethink_assets.dedup.duplicates import Thresholds
from wethink_assets.errors import ConfigError
from wethink_assets.identity import digest_of


def _as_set(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Names = Annotated[tuple[str, ...], AfterValidator(_as_set)]


class CutRecipe(BaseModel):
    """What to include, and when two rows are the same. Equal recipes have equal digests, in whatever order they list names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: Names = Field((), description="empty: all")
    licences: Names = Field((), description="empty: all")
    kinds: Annotated[tuple[Kind, ...], AfterValidator(_as_set)] = Field((), description="empty: all")
    max_rows: int = Field(0, ge=0, description="0: no cap")
    max_rows_per_source: int = Field(0, ge=0, description="0: no cap")
    seed: int = Field(0, ge=0, description="decides which rows a cap keeps; a larger cap keeps those of a smaller one")
    phash_distance: int = Field(8, ge=0, le=20, description="bits two perceptual hashes may differ in, of 64")
    pixel_difference: float = Field(6.0, ge=0, le=255, description="mean absolute difference of reduced pixels")
    text_similarity: Share = Field(0.9, description="Jaccard similarity of questions, by MinHash")

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
            told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except OSError as error:
            raise ConfigError(f"recipe {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(
                f"recipe {path} is not {'JSON' if path.suffix == '.json' else 'TOML'}: {error}"
            ) from error
        if not isinstance(told, dict):
            raise ConfigError(f"recipe {path} must be a table of settings, such as sources and max_rows")
        base = {**settings.cut.model_dump(), **settings.dedup.model_dump()}
        return cls._checked({**base, **told}, f"recipe {path}")

    def changed(self, changes: dict[str, Any]) -> "CutRecipe":
        """This recipe with some settings replaced. Raises `ConfigError`."""
        return self._checked({**self.model_dump(), **changes}, "the cut's options")

    @classmethod
    def _checked(cls, values: dict[str, Any], origin: str) -> "CutRecipe":
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            fault = error.errors()[0]
            name = str(fault["loc"][0])
            if fault["type"] == "extra_forbidden":
                raise ConfigError(
                    f"{origin}: unknown setting {name}; allowed: {', '.join(cls.model_fields)}"
                ) from error
            raise ConfigError(f"{origin}: {name}: {fault['msg']} (given: {fault['input']!r})") from error

    @property
    def digest(self) -> str:
        """sha256 of the recipe."""
        return digest_of(self.model_dump())

    @property
    def thresholds(self) -> Thresholds:
        """When two images, and two questions, are nearly the same."""
        return Thresholds(self.phash_distance, self.pixel_difference, self.text_similarity)
