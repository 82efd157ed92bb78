"""Benchmark catalog: the benchmarks of the two OpenCompass boards, their stand-ins and published scores.

Keys, addresses and md5 sums are those of VLMEvalKit (github.com/open-compass/VLMEvalKit, commit e8e78f0, files `image_mcq.py`, `image_vqa.py`,
`image_yorn.py`, `dynamath.py` in `vlmeval/dataset`); a slow test holds them to the installed release.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Suite = Literal["reasoning", "academic", "own"]
SAMPLE = "sample_"
ADDRESS = "https://opencompass.openxlab.space/utils/"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    form: key in `BENCHMARK_FORMS` of how it is asked and graded, empty of a file of one's own that was not read yet and names none; headline:
    what its one number is; scale: that number's maximum; stands_for: of a drawn stand-in, the benchmark whose form it has; address, md5: of
    VLMEvalKit's TSV, empty where there is none.
    """

    key: str
    title: str
    form: str
    suite: Suite
    headline: str
    address: str = ""
    md5: str = ""
    scale: int = 100
    stands_for: str = ""

    @property
    def sample(self) -> bool:
        """Whether this is a drawn stand-in."""
        return bool(self.stands_for)


def _opencompass(
    key: str,
    title: str,
    form: str,
    suite: Suite,
    headline: str,
    md5: str,
    scale: int = 100,
    folder: str = "VLMEval",
    file: str = "",
) -> Benchmark:
    return Benchmark(key, title, form, suite, headline, f"{ADDRESS}{folder}/{file or key}.tsv", md5, scale)


OPENCOMPASS: tuple[Benchmark, ...] = (
    _opencompass("MathVista_MINI", "MathVista (testmini)", "mathvista", "reasoning", "accuracy", "f199b98e178e5a2a20e7048f5dcb0464"),
    _opencompass("MathVision", "MathVision", "mathvision", "reasoning", "accuracy", "93f6de14f7916e598aa1b7165589831e"),
    _opencompass("MathVerse_MINI_Vision_Only", "MathVerse (vision only)", "mathverse", "reasoning", "accuracy",
                 "68a11d4680014ac881fa37adeadea3a4", folder="benchmarks/MathVerse", file="MathVerse_MINIVOnly"),
    _opencompass("DynaMath", "DynaMath", "dynamath", "reasoning", "worst-case accuracy", "b8425ad9a7114571fc9366e013699494"),
    _opencompass("WeMath", "WeMath", "wemath", "reasoning", "score (strict)", "b5e969a075f01290a542411fb7766388"),
    _opencompass("LogicVista", "LogicVista", "logicvista", "reasoning", "accuracy", "41c5d33adf33765c399e0e6ae588c061"),
    _opencompass("MMBench_DEV_EN_V11", "MMBench v1.1 (dev, English)", "circular", "academic", "circular accuracy",
                 "30c05be8f2f347a50be25aa067248184", folder="benchmarks/MMBench"),
    _opencompass("MMStar", "MMStar", "choice", "academic", "accuracy", "e1ecd2140806c1b1bbf54b43372efb9e"),
    _opencompass("MMMU_DEV_VAL", "MMMU (validation)", "mmmu", "academic", "accuracy on the validation split", "585e8ad75e73f75dcad265dfd0417d64"),
    _opencompass("HallusionBench", "HallusionBench", "yes_no", "academic", "mean of aAcc, fAcc and qAcc", "0c23ac0dc9ef46832d7a24504f2a0c7c"),
    _opencompass("AI2D_TEST", "AI2D (test)", "choice", "academic", "accuracy", "0f593e0d1c7df9a3d69bf1f947e71975"),
    _opencompass("OCRBench", "OCRBench", "ocr", "academic", "points of 1000", "e953d98a987cc6e26ef717b61260b778", 1000),
    _opencompass("MMVet", "MM-Vet", "mmvet", "academic", "mean grade", "748aa6d4aa9d4de798306a63718455e3"),
    _opencompass("RealWorldQA", "RealWorldQA", "choice", "academic", "accuracy", "4de008f55dc4fd008ca9e15321dc44b7"),
)  # fmt: skip
SAMPLES: tuple[Benchmark, ...] = tuple(
    Benchmark(SAMPLE + one.key, f"drawn stand-in for {one.title}", one.form, one.suite, one.headline, scale=one.scale,
              stands_for=one.key)
    for one in OPENCOMPASS
)  # fmt: skip
BENCHMARKS: Mapping[str, Benchmark] = {one.key: one for one in (*OPENCOMPASS, *SAMPLES)}
REASONING = tuple(one.key for one in OPENCOMPASS if one.suite == "reasoning")
ACADEMIC = tuple(one.key for one in OPENCOMPASS if one.suite == "academic")
AVERAGES: Mapping[str, tuple[str, ...]] = {"reasoning six": REASONING, "academic eight": ACADEMIC}
"""Averages of the boards by name, with the benchmarks that enter them."""


def default_form(columns: Collection[str]) -> str:
    """Form of a file of one's own whose settings name none: a choice where it has options, else free text."""
    return "choice" if {"A", "B"} <= set(columns) else "free"


@dataclass(frozen=True, slots=True)
class Reference:
    """Scores that others published: shown beside ours with their source, never mixed with them."""

    name: str
    source: str
    scores: Mapping[str, float]


_SOURCE = (
    "WeThink (Yang et al. 2025, arXiv 2506.07905): OpenCompass boards through VLMEvalKit with their judge; MMBench there is the mean of the "
    "English and Chinese test splits, whose answers are not public"
)
_PUBLISHED = ("MathVista_MINI", "MathVision", "MathVerse_MINI_Vision_Only", "DynaMath", "WeMath", "LogicVista", "MMBench_DEV_EN_V11",
              "MMStar", "MMMU_DEV_VAL", "HallusionBench", "AI2D_TEST", "OCRBench", "MMVet")  # fmt: skip
REFERENCES: tuple[Reference, ...] = (
    Reference("Qwen2.5-VL-7B (published)", _SOURCE, dict(zip(_PUBLISHED, (
        68.1, 25.4, 41.1, 21.8, 36.2, 47.9, 82.2, 64.1, 58.0, 51.9, 84.3, 888, 69.7), strict=True))),
    Reference("WeThink-7B (published)", _SOURCE, dict(zip(_PUBLISHED, (
        71.6, 26.0, 44.2, 24.8, 48.0, 51.2, 81.8, 64.2, 61.0, 55.3, 84.0, 890, 73.2), strict=True))),
)  # fmt: skip
