"""Statistics of a version: its rows and its cut's tables counted batch by batch, and how various its questions are, by their words alone."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import CutInput
from wethink_assets.dataset.versions.rows import results, table_of, table_rejections
from wethink_assets.dedup.methods import TextMethod
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.sources.batches import source_of
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.imported_pairs import UNCHECKED

NGRAM = 3  # words
SAMPLE = 50_000  # rows looked at, at most: those with the smallest row ids, which are hashes and so an even choice


def text_coverage(rows: pl.LazyFrame, signatures: pl.LazyFrame, method: TextMethod) -> dict[str, float]:
    """Distinct word n-grams, and cells of near-alike questions.

    Args:
        rows: `row_id` and `question`, sorted by row_id.
        signatures: `row_id` and the columns of the text method, of these rows and perhaps others.
        method: what cells are made by.

    Returns `distinct_ngrams`: different runs of three words in the questions of at most 50,000 rows; `distinct_share`: of all runs of three
    (distinct-n of Li et al. 2016, arXiv 1510.03055); `clusters`: cells that these questions fall into, as the method
    tells them apart (two questions share one where the first band of their MinHash is equal); `covered`: cells for each question, 1 where
    no two questions are alike.
    """
    some = rows.select("row_id", "question").head(SAMPLE).collect()
    words = some.select(pl.col("question").str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+").alias("words"))
    grams = (
        words.with_columns(place=pl.int_ranges(0, (pl.col("words").list.len().cast(pl.Int64) - NGRAM + 1).clip(0)))
        .explode("place")
        .drop_nulls("place")
        .select(pl.col("words").list.slice(pl.col("place"), NGRAM).list.join(" ").alias("gram"))
    )
    signed = (
        signatures.unique("row_id", keep="first").join(some.lazy().select("row_id"), on="row_id", how="semi").collect()
    )
    clusters = method.cells(signed)
    distinct = grams["gram"].n_unique() if grams.height else 0
    return {
        "distinct_ngrams": distinct,
        "distinct_share": round(distinct / grams.height, 4) if grams.height else 0.0,
        "clusters": clusters,
        "covered": round(clusters / signed.height, 4) if signed.height else 0.0,
    }


SHA256 = re.compile(r"\b[0-9a-f]{64}\b")
FUNNEL = (
    "files",  # image files ingested or rejected
    "images",  # distinct images
    "described",
    "questions",  # questions asked for
    "filtered_out",  # by well-formedness or by the filters
    "agreed",  # both answers said the same
    "adjudicated",  # a third model decided between them
    "disagreed",  # nobody could, or a reply was malformed
    "reasoned",  # have a checked reasoning path
    "duplicates",
    "conflicting",
    "left_out",  # by the recipe or unreadable
    "kept",
)
SOMETIMES = ("unchecked", "no path", "conflicting", "left out")
"""Columns of the funnel that are shown only where some row has them."""
TOP = 200  # most frequent values that are listed: categories are written by a model and may be many
DUPLICATES = ("duplicate_exact", "duplicate_near")


def shown_funnel(funnel: Sequence[Mapping[str, Any]], further: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The funnel of a version by source, with a row of all, in columns that add up; `further`: other steps to show, before these.

    Questions are filtered out, agreed, adjudicated, disagreed or, of imported rows, unchecked; those with an answer have no path, are duplicates,
    conflicting, left out, or kept. A plugin's stage that reviews questions has a column of its own; what one rejects that reviews answers is in
    `disagreed`, and the card says beside it how many answers passed.

    >>> steps = {"images": 2, "questions": 9, "filtered_out": 1, "agreed": 5, "adjudicated": 1, "disagreed": 2}
    >>> steps |= {"duplicates": 1, "conflicting": 0, "left_out": 0, "kept": 5}
    >>> shown_funnel([{"source": "coco", **steps}])[1]
    {'source': 'all', 'images': 2, 'questions': 9, 'filtered out': 1, 'agreed': 5, 'adjudicated': 1, 'disagreed': 2, 'duplicates': 1, 'kept': 5}
    """
    names = dict.fromkeys(name for row in funnel for name in row if name != "source")
    total = {"source": "all", **{name: sum(int(row.get(name, 0)) for row in funnel) for name in names}}
    rows = [
        {"source": row["source"], **{name.replace("_", " "): row[name] for name in further}, **_shown_steps(row)}
        for row in [*funnel, total]
    ]
    absent = {name for name in SOMETIMES if not any(row[name] for row in rows)}
    return [{name: value for name, value in row.items() if name not in absent} for row in rows]


def _shown_steps(row: Mapping[str, Any]) -> dict[str, Any]:
    asked, rejected = _reviewed(row, row["questions"] - row["filtered_out"])
    answered = row["agreed"] + row["adjudicated"]
    unchecked = asked - answered - row["disagreed"]
    reasoned = row["duplicates"] + row["conflicting"] + row["left_out"] + row["kept"]
    return {
        "images": row["images"],
        "questions": row["questions"],
        "filtered out": row["filtered_out"],
        **rejected,
        "agreed": row["agreed"],
        "adjudicated": row["adjudicated"],
        "disagreed": row["disagreed"],
        "unchecked": unchecked,
        "no path": answered + unchecked - reasoned,
        "duplicates": row["duplicates"],
        "conflicting": row["conflicting"],
        "left out": row["left_out"],
        "kept": row["kept"],
    }


def _reviewed(row: Mapping[str, Any], questions: int) -> tuple[int, dict[str, int]]:
    """How many of some questions passed the stages of plugins that review questions, and what each of these rejected, by column."""
    rejected = {}
    for name in row:
        if name not in FUNNEL and name in STAGES and STAGES[name].provides == "questions":
            rejected[f"rejected by {name.replace('_', ' ')}"] = questions - row[name]
            questions = row[name]
    return questions, rejected


def occurrences(store: Store, tables: Mapping[str, CutInput]) -> Counter[str]:
    """Further files of a batch that hold an image known already, by image id."""
    counter: Counter[str] = Counter()
    if not tables["images"].rejections:
        return counter
    rejected = table_rejections(store, tables["images"]).filter(pl.col("reason") == "already_ingested")
    for detail in rejected["detail"]:
        counter.update(SHA256.findall(detail)[:1])
    return counter


class Statistics:
    """Counters over a version: feed each batch once, then read `as_json`."""

    def __init__(self) -> None:
        self._funnel: dict[str, Counter[str]] = {}
        self._reasons: dict[str, Counter[str]] = {}
        self._excluded: Counter[str] = Counter()
        self._counts: dict[str, Counter[str]] = {
            n: Counter() for n in ("source", "licence", "kind", "ability", "category", "split", "reward")
        }
        self._agreement: dict[str, dict[str, Counter[str]]] = {name: {} for name in ("source", "kind", "ability")}
        self._words: Counter[str] = Counter()
        self._filters: dict[str, None] = {}  # stages whose table stands for that of another one
        self._images: int = 0
        self.rows: int = 0

    def add_tables(self, store: Store, batch: str, tables: Mapping[str, CutInput]) -> None:
        """Count what the stages did to a batch."""
        source = source_of(batch)
        funnel = self._funnel.setdefault(source, Counter())
        for asset, table in tables.items():
            if table.rejections:
                self._reasons.setdefault(asset, Counter()).update(table_rejections(store, table)["reason"])
        filters = [name for name in tables if STAGES[name].provides]
        self._filters |= dict.fromkeys(filters)
        outcomes = _outcomes(store, tables)
        verdicts = Counter(outcomes["outcome"])
        funnel.update(
            files=tables["images"].results + tables["images"].rejections,
            images=tables["images"].results,
            described=tables["descriptions"].results,
            questions=tables["questions"].results + tables["questions"].rejections,
            filtered_out=tables["questions"].rejections,
            reasoned=tables["reasoning_paths"].results,
            **{name: verdicts.get(name, 0) for name in ("agreed", "adjudicated", "disagreed")},
            **({UNCHECKED: verdicts[UNCHECKED]} if verdicts[UNCHECKED] else {}),
            **{name: tables[name].results for name in filters},
        )
        for outcome, kind, abilities in outcomes.iter_rows():
            for name, keys in (("source", [source]), ("kind", [kind]), ("ability", abilities)):
                for key in keys:
                    self._agreement[name].setdefault(key, Counter()).update([outcome])

    def add_rows(self, source: str, rows: pl.DataFrame, excluded: pl.DataFrame) -> None:
        """Count the rows of a batch that stay, and those that do not."""
        self.rows += rows.height
        self._images += rows["image_id"].n_unique()
        for name in ("source", "licence", "kind", "category", "split", "reward"):
            self._counts[name].update(rows[name])
        if "answer_type" in rows.columns:  # versions whose cuts were decided before answers had types lack it
            self._counts.setdefault("answer_type", Counter()).update(rows["answer_type"])
        self._counts["ability"].update(ability for abilities in rows["abilities"] for ability in abilities)
        for name in ("problem", "refined_cot", "raw_cot"):
            self._words[name] += int(rows[name].str.count_matches(r"\S+").sum())
        reasons = Counter(excluded["reason"])
        self._excluded.update(reasons)
        duplicates = sum(reasons[name] for name in DUPLICATES)
        self._funnel.setdefault(source, Counter()).update(
            kept=rows.height,
            duplicates=duplicates,
            conflicting=reasons["conflicting_answers"],
            left_out=excluded.height - duplicates - reasons["conflicting_answers"],
        )

    def as_json(self) -> dict[str, Any]:
        """Everything counted, in a fixed order."""
        reasoned = FUNNEL.index("reasoned")
        steps = (*FUNNEL[:reasoned], *self._filters, *FUNNEL[reasoned:])
        return {
            "rows": self.rows,
            "images": self._images,
            "excluded": _ordered(self._excluded),
            "counts": {name: _ordered(counter, TOP) for name, counter in self._counts.items()},
            "mean_words": {name: round(total / max(self.rows, 1), 2) for name, total in sorted(self._words.items())},
            "funnel": [
                {"source": source, **{step: counter[step] for step in steps}}
                for source, counter in sorted(self._funnel.items())
            ],
            "rejections": {asset: _ordered(counter) for asset, counter in self._reasons.items()},
            "agreement": {
                name: {key: _rates(counter) for key, counter in sorted(groups.items())}
                for name, groups in self._agreement.items()
            },
        }


def _outcomes(store: Store, tables: Mapping[str, CutInput]) -> pl.DataFrame:
    """Each question that passed the filters: agreed, adjudicated, disagreed or, of imported rows, unchecked; with kind and abilities."""
    questions = results(store, table_of(tables, "questions")).select("slot", "kind", "abilities")
    answers = results(store, table_of(tables, "answers")).select("slot", "agreed", "agreement")
    return (
        questions.join(answers, on="slot", how="left")
        .select(
            pl.when(pl.col("agreed").is_null())
            .then(pl.lit("disagreed"))
            .when("agreed")
            .then(pl.lit("agreed"))
            .when(pl.col("agreement") == UNCHECKED)
            .then(pl.lit(UNCHECKED))
            .otherwise(pl.lit("adjudicated"))
            .alias("outcome"),
            "kind",
            "abilities",
        )
        .collect()
    )


def _ordered(counter: Counter[str], top: int | None = None) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:top])


def _rates(counter: Counter[str]) -> dict[str, float]:
    asked = counter.total()
    steps = {name: counter[name] for name in ("agreed", "adjudicated", "disagreed")}
    return {
        "asked": asked,
        **steps,
        **({UNCHECKED: counter[UNCHECKED]} if counter[UNCHECKED] else {}),
        "agreement_rate": round(steps["agreed"] / asked, 4),
        "yield": round(1 - steps["disagreed"] / asked, 4),
    }
