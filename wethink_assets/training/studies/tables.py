"""Tables of a study as text: for the terminal, for Markdown, for the page of its asset."""

from collections.abc import Sequence

from wethink_assets.kinds import KINDS
from wethink_assets.training.policies.card import percent
from wethink_assets.training.studies.records import Figure, Outcome, StudyRecord


def interval(figure: Figure) -> str:
    """A share with its interval, in percent.

    >>> interval(Figure(mean=0.713, low=0.6801, high=0.74))
    '71.3 (68.0 to 74.0)'
    """
    return f"{100 * figure.mean:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def points(figure: Figure | None) -> str:
    """A difference with its interval, in points; a dash where there is none.

    >>> points(Figure(mean=0.078, low=-0.01, high=0.116)), points(None)
    ('+7.8 (-1.0 to +11.6)', '-')
    """
    if figure is None:
        return "-"
    return f"{100 * figure.mean:+.1f} ({100 * figure.low:+.1f} to {100 * figure.high:+.1f})"


def columns(record: StudyRecord, samples: str) -> list[str]:
    """Columns of the table of one set of samples."""
    reference = next(outcome.label for outcome in record.outcomes if outcome.reference)
    kinds = [kind for kind in KINDS if kind in record.base[samples]]
    return ["variant", "accuracy, %", "over the untrained model", f"against {reference}", *kinds]


def rows(record: StudyRecord, samples: str) -> list[list[str]]:
    """Rows of the table of one set of samples: the untrained model, then each variant."""
    base = record.base[samples]
    kinds = [kind for kind in KINDS if kind in base]
    table = [["untrained", percent(base["all"]).rstrip("%"), "-", "-", *(percent(base[kind]) for kind in kinds)]]
    for outcome in record.outcomes:
        scores = outcome.scores.get(samples)
        if not scores:
            table.append([outcome.label, "not trained", "-", "-", *("-" for _ in kinds)])
            continue
        one = scores["all"]
        by_kind = [percent(scores[kind].accuracy.mean) for kind in kinds]
        table.append([outcome.label, interval(one.accuracy), points(one.gain), points(one.difference), *by_kind])
    return table


def count_of(record: StudyRecord, samples: str) -> int:
    """Samples of a set."""
    return next(outcome.scores[samples]["all"].n for outcome in record.outcomes if outcome.scores)


RUN_COLUMNS = ["training run", "rows", "steps", "seconds", "policy", "gain in points (95%)"]


def run_rows(record: StudyRecord) -> list[list[str]]:
    """Each training on a line: what it learnt from, what it cost, its policy, and its gain on the last set of samples."""
    return [_run_row(record, outcome, number) for outcome in record.outcomes for number in range(len(outcome.runs))]


def _run_row(record: StudyRecord, outcome: Outcome, number: int) -> list[str]:
    run = outcome.runs[number]
    if run.failure:
        return [run.key, "", "", "", run.policy[:12], f"failed: {run.failure}"]
    gain = run.gains[record.sets[-1]]["all"]
    figure = Figure(mean=gain["gain"], low=gain["low"], high=gain["high"])
    steps = " + ".join(str(count) for count in run.steps.values())
    seconds = f"{run.cost.get('wall_seconds', 0):.0f}"
    return [run.key, str(run.rows), steps, seconds, run.policy[:12], points(figure)]


def facts(record: StudyRecord) -> str:
    """What a study was made of, in one line."""
    seeds = ", ".join(map(str, record.seeds))
    commit = f", commit {record.commit}" if record.commit else ""
    return (
        f"{record.version} (manifest {record.manifest[:12]}), recipe {record.recipe}, profile {record.profile}, seeds {seeds}; "
        f"{record.created:%Y-%m-%d %H:%M} UTC{commit}; the last pass trained {record.trained} policies in {record.seconds / 60:.1f} min"
    )


def markdown(record: StudyRecord) -> str:
    """All of it as Markdown."""
    lines = [f"### {record.study}", "", record.question, "", facts(record), ""]
    for samples in record.sets:
        lines += [
            f"**{count_of(record, samples)} {samples}**",
            "",
            *_table(columns(record, samples), rows(record, samples)),
        ]
    return "\n".join([*lines, "**Trainings**", "", *_table(RUN_COLUMNS, run_rows(record))])


def _table(names: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    body = [f"| {' | '.join(value.replace('|', '/') for value in line)} |" for line in lines]
    return [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}", *body, ""]
