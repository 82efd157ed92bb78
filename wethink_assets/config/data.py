"""Tables about data: store, sources, synthesis, dedup and cuts."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from wethink_assets.config.base import NAME, Kind, Reader, Share, Table
from wethink_assets.config.locations import openable, openable_if_given, stated
from wethink_assets.extensions.builtin import IMAGE_METHODS, TEXT_METHODS
from wethink_assets.kinds import DESCRIPTIVE, FILL_IN, MULTIPLE_CHOICE
from wethink_assets.stages.order import model_stages


class StoreSettings(Table):
    """Where all results lie."""

    url: Annotated[str, AfterValidator(openable)] = Field(
        "data", description="local folder or fsspec URL such as s3://bucket/prefix"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="fsspec options, for example endpoint_url")


def model_stage(name: str) -> str:
    """Refuse what is no stage that asks models."""
    if name not in model_stages():
        raise ValueError(f"unknown stage {name!r}; those that ask models: {', '.join(model_stages())}")
    return name


Grouping = Literal["auto", "on", "off"]
"""Whether several things are asked for in one call: `auto` where the prompt pack has the prompt for it."""


class PipelineSettings(Table):
    """How images become questions."""

    batch_size: int = Field(64, ge=1, le=10_000, description="images in a new image batch, at most")
    questions_per_image: int = Field(2, ge=1, le=20, description="questions asked of each image")
    kinds: dict[Kind, Share] = Field(
        default={MULTIPLE_CHOICE.code: 0.4, FILL_IN.code: 0.4, DESCRIPTIVE.code: 0.2},
        description="share of each question kind; they sum to 1",
    )
    refinement_turns: int = Field(3, ge=0, le=10, description="turns of the information refinement, at most")
    prompt_pack: Annotated[str, AfterValidator(stated)] = Field(
        "standard", description="folder of prompts: standard, embedded, or a path"
    )
    seed: int = Field(0, ge=0, description="part of every sampling seed")
    seeds: dict[Annotated[str, AfterValidator(model_stage)], Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="takes the place of `seed` in one stage: another one redoes that stage only"
    )
    budget: str = Field("", description="budget that runs spend which name none; empty: none")
    currency: str = Field("USD", description="what money is counted in, wherever it is shown")
    concurrency: int = Field(256, ge=1, le=4096, description="model calls in flight at a time, at most")
    description_certainty: Share = Field(
        0.0,
        description="least probability of a token of an image's first description; an image of less is rejected as unsure",
    )
    answer_certainty: Share = Field(
        0.0,
        description="least probability of a token of an answer from the image; a question of less is rejected as unsure",
    )
    shuffle_options: bool = Field(
        True,
        description="options stand in an order drawn from the row's id, whatever order the question's writer gave them",
    )
    second_order: bool = Field(
        False, description="the image is asked again with the options in another order; the same one must be chosen"
    )
    image_samples: int = Field(1, ge=1, le=32, description="answers from the image to a question, at most, with a vote")
    text_samples: int = Field(
        1, ge=1, le=32, description="answers from the description to a question, at most, with a vote"
    )
    samples_agree: float = Field(
        1.0, gt=0.5, le=1, description="share of a side's samples that must be the same answer, more than half of them"
    )
    samples_temperature: float = Field(
        0.0,
        ge=0,
        le=2,
        description="of the samples after a side's first; 0: the role's, and 0.7 where the role is greedy",
    )
    blind_samples: int = Field(
        0,
        ge=0,
        le=32,
        description="answers to the question alone; where all are right it is rejected as answerable_blind",
    )
    premise_check: bool = Field(
        False, description="the describer says first whether what a question takes for granted is so in the image"
    )
    questions_together: Grouping = Field("auto", description="all questions of an image in one call: auto, on or off")
    screenings_together: Grouping = Field("auto", description="all screenings of an image in one call: auto, on or off")
    requests_together: Grouping = Field(
        "auto", description="all requests of a refinement turn in one call: auto, on or off; auto: where the pack can"
    )
    agreement_score: Share = Field(0.75, description="judged score from which two descriptive answers agree")

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "PipelineSettings":
        if not self.kinds or abs(sum(self.kinds.values()) - 1) > 1e-6:
            raise ValueError(f"the shares of kinds sum to {sum(self.kinds.values()):g}, not 1")
        return self

    def seed_of(self, stage: str) -> int:
        """The seed that a stage's sampling starts from."""
        return next((seed for name, seed in self.seeds.items() if name == stage), self.seed)


def source_name(name: str) -> str:
    """Refuse a name that cannot be part of a batch key."""
    if not NAME.fullmatch(name):
        raise ValueError("a source name is letters, digits and _ . + -, and starts with a letter or digit")
    return name


class SourceSettings(Table):
    """One source dataset. Those of the catalog need only a location; any other name is a new source."""

    location: Annotated[str, AfterValidator(openable_if_given)] = Field(
        "", description="folder, archive or fsspec URL; empty: not configured"
    )
    reader: Reader = Field("auto", description="auto recognises folder, zip (also split), tar(.gz), parquet and arrow")
    licence: str = Field("", description="overrides the catalog's; a new source must name one")
    title: str = Field("", description="name to show; empty: the catalog's")
    include: str = Field("**", description="glob on the path inside the source")
    options: dict[str, Any] = Field(default_factory=dict, description="fsspec options of the location")
    tolerance: float | None = Field(
        None, ge=0, le=0.5, description="relative, of values read off its images (0.05 for charts); else the catalog's"
    )
    edit_distance: float | None = Field(
        None, ge=0, le=0.5, description="of text read off its images, as a share of its characters; else the catalog's"
    )


class DedupSettings(Table):
    """When two rows count as the same."""

    phash_distance: int = Field(8, ge=0, le=20, description="bits two perceptual hashes may differ in, of 64")
    pixel_difference: float = Field(6.0, ge=0, le=255, description="mean absolute difference of reduced pixels")
    text_similarity: Share = Field(
        0.9, description="Jaccard similarity of questions, by MinHash, in versions of rules before 5"
    )
    image_method: str = Field(
        "phash", exclude_if=lambda name: name == "phash", description="how images are compared: phash, or a plugin's"
    )
    text_method: str = Field(
        "minhash", exclude_if=lambda name: name == "minhash", description="how questions are: minhash, or a plugin's"
    )
    thresholds: dict[str, float] = Field(
        default_factory=dict, exclude_if=lambda given: not given, description="of methods that plugins bring, by name"
    )

    def threshold(self, name: str) -> float:
        """A threshold that a chosen method declares: as `thresholds` has it, else the method's default."""
        return self.thresholds.get(name, self.declared_thresholds[name])

    @property
    def declared_thresholds(self) -> dict[str, float]:
        """Defaults of the thresholds that the chosen methods declare, beside those that are settings."""
        return {**IMAGE_METHODS[self.image_method].thresholds, **TEXT_METHODS[self.text_method].thresholds}


def known_methods(settings: DedupSettings) -> DedupSettings:
    """Refuse a near-duplicate method that is not registered, and a threshold that none of the chosen ones declares."""
    for methods, name in ((IMAGE_METHODS, settings.image_method), (TEXT_METHODS, settings.text_method)):
        if name not in methods:
            raise ValueError(f"unknown {methods.noun} {name!r}; known: {', '.join(methods)}")
    declared = settings.declared_thresholds if settings.thresholds else {}
    unknown = sorted(set(settings.thresholds) - set(declared))
    if unknown:
        raise ValueError(
            f"unknown threshold {unknown[0]!r}; the chosen methods declare {', '.join(declared) or 'none of their own'}"
        )
    return settings


class CutSettings(Table):
    """What a dataset version includes, where the cut itself does not say."""

    sources: tuple[str, ...] = Field((), description="empty: all")
    licences: tuple[str, ...] = Field((), description="empty: all")
    kinds: tuple[Kind, ...] = Field((), description="empty: all")
    max_rows: int = Field(0, ge=0, description="0: no cap")
    max_rows_per_source: int = Field(0, ge=0, description="0: no cap")
    max_rows_per_template: int = Field(
        0,
        ge=0,
        exclude_if=lambda most: not most,
        description="questions that differ only in numbers, names and quotations; 0: no cap",
    )
    conflicting_answers: Literal["drop", "majority"] = Field(
        "drop",
        exclude_if=lambda choice: choice == "drop",
        description="rows that answer one question about one image in different ways: all go, or what more than half of them say stays",
    )
    seed: int = Field(0, ge=0, description="decides which rows a cap keeps")
    altered_benchmark_images: Literal["keep", "drop"] = Field(
        "keep",
        exclude_if=lambda choice: choice == "keep",
        description="rows whose image a benchmark shows with a local change",
    )
    benchmark_rows: Literal["either", "image", "text", "both"] = Field(
        "either",
        exclude_if=lambda choice: choice == "either",
        description="what a row is left out for: a benchmark shows its image or asks its question, one of these alone, or both at once",
    )
    split_by: Literal["group", "image"] = Field(
        "group",
        exclude_if=lambda choice: choice == "group",
        description="what goes into one split as a whole: images that are copies of each other, or altered; or each image by itself",
    )


class SampleSettings(Table):
    """The drawn images that `wethink run` starts from on a machine with no data."""

    location: Annotated[str, AfterValidator(openable_if_given)] = Field(
        "", description="folder to draw into; empty: draw nothing"
    )
    images: int = Field(216, ge=1, description="pictures over all 18 sources")
    seed: int = Field(0, ge=0, description="same seed, same bytes")
    hard: Share = Field(0.25, description="share of pictures that are made hard to read")
