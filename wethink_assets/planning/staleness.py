"""Staleness: the tables of a batch that are missing or older than what they follow from, each with its causes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.chat import ROLES
from wethink_assets.models.registry import Models
from wethink_assets.planning.stages import StagePlan, logic_of, stage_plan
from wethink_assets.stages.order import stage_names, upstream_of
from wethink_assets.stages.output import KNOWN_CONTENT
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.storage.rerun_marks import marked_batches
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

SAMPLING = ("temperature", "top_p", "max_tokens")
# In the order in which they are named: what made the table, then what it was made from.
CAUSES = ("missing", "code", "prompt", "model", "sampling", "settings", "inputs", "upstream")
OWN_CAUSES = CAUSES[1:6]
Commits = Mapping[str, Mapping[str, Commit]]  # by batch and stage


def commits_in_force(store: Store, batches: Sequence[str]) -> Commits:
    """Commit in force of each stage that a batch has been through, by batch and stage; none where the stage is marked for a new run."""
    tables, marked = Tables(store), marked_batches(store)
    commits: dict[str, dict[str, Commit]] = {batch: {} for batch in batches}
    for stage in stage_names():
        for commit in tables.all_current(stage, commits.keys()):
            if commit.batch not in marked.get(stage, ()):
                commits[commit.batch][stage] = commit
    return commits


def nothing_new(commit: Commit | None) -> bool:
    """Whether a batch's first table says that it holds nothing but known images, so that no later stage has anything to do."""
    return commit is not None and commit.results == 0 and set(commit.reasons) == {KNOWN_CONTENT}


def is_closed(commits: Mapping[str, Commit]) -> bool:
    """Whether a batch holds nothing but known images, and no later stage has made anything of it: nothing of it is missing or goes stale."""
    first = stage_names()[0]
    later = (commit for stage, commit in commits.items() if stage != first)
    return nothing_new(commits.get(first)) and not any(commit.results or commit.rejections for commit in later)


def missing_stages(commits: Mapping[str, Commit]) -> tuple[str, ...]:
    """Stages that a batch has yet to go through: from the first without a table, or with one of older inputs, on.

    A batch of nothing but known images is done with its first.
    """
    if is_closed(commits):
        return ()
    for number, stage in enumerate(stage_names()):
        commit = commits.get(stage)
        if commit is None or older_inputs(commit, commits) or unread_inputs(commit):
            return stage_names()[number:]
    return ()


def stages_to_refresh(causes: Mapping[str, Sequence["Cause"]], wanted: Sequence[str]) -> tuple[str, ...]:
    """Stages that a batch goes through again: from the first of those `wanted` that another prompt, model, ... would make anew, on.

    What comes after it finds its calls in the journal as far as its inputs are the same ones.
    """
    for number, stage in enumerate(stage_names()):
        if stage in wanted and any(cause.cause in OWN_CAUSES for cause in causes.get(stage, ())):
            return stage_names()[number:]
    return ()


def older_inputs(commit: Commit, commits: Mapping[str, Commit]) -> list[str]:
    """Upstream stages whose table in force is not the one that a commit was made from."""
    return [
        upstream
        for upstream, version in commit.inputs.items()
        if upstream in commits and commits[upstream].data_version != version
    ]


def unread_inputs(commit: Commit) -> list[str]:
    """Stages that a commit's stage reads now and did not then: they were put before it since, or what stood for them was taken out."""
    return [upstream for upstream in upstream_of(commit.asset) if commit.inputs and upstream not in commit.inputs]


@dataclass(frozen=True)
class Cause:
    """One reason for which a stage of a batch would be done again.

    cause: one of `CAUSES`; detail: in words; prompts: whose calls it makes other ones: certainly (`prompt`, `model`, `sampling`) or perhaps
    (`settings`). Of the other causes nobody knows before.
    """

    cause: str
    detail: str
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True)
class InForce:
    """What the configuration in force would make tables with: plans of all stages, and each role's model."""

    plans: Mapping[str, StagePlan]
    models: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, settings: Settings, models: Models) -> "InForce":
        """Read prompts and model identities; loads no weights. Raises `ConfigError` or `ModelError` when one is missing."""
        plans = {stage: stage_plan(settings, stage) for stage in stage_names()}
        asked = {role for plan in plans.values() for role in plan.roles}
        return cls(plans, {role: models.describe(role) for role in ROLES if role in asked})

    def causes(self, commits: Mapping[str, Commit], marked: Collection[str] = ()) -> dict[str, list[Cause]]:
        """Causes by stage of one batch, stages in order; those that are up to date are left out.

        Args:
            commits: commits in force, by stage.
            marked: stages whose table was lost or damaged, and that are marked for a new run.

        A stage whose upstream stage would be done again may follow from it (`upstream`): only if what comes out is another table.
        """
        causes_by_stage: dict[str, list[Cause]] = {}
        for stage in stage_names()[:1] if is_closed(commits) else stage_names():
            commit = commits.get(stage)
            lost = "lost or damaged, marked for a new run" if stage in marked else "never made"
            causes = [Cause("missing", lost)] if commit is None else self._of(stage, commit, commits)
            stale = [upstream for upstream in upstream_of(stage) if upstream in causes_by_stage]
            if stale and commit is not None:
                causes.append(Cause("upstream", f"follows from {', '.join(stale)}"))
            if causes:
                causes_by_stage[stage] = causes
        return causes_by_stage

    def _of(self, stage: str, commit: Commit, commits: Mapping[str, Commit]) -> list[Cause]:
        plan = self.plans[stage]
        causes = []
        if commit.code_version and logic_of(commit.code_version) != plan.logic:
            causes.append(Cause("code", _code(stage, logic_of(commit.code_version), plan.logic)))
        if plan.prompts:
            causes += [*_prompts(plan, commit), *self._models(plan, commit), *_settings(plan, commit)]
        older = older_inputs(commit, commits)
        if older:
            causes.append(Cause("inputs", f"made from older {', '.join(older)}"))
        unread = unread_inputs(commit)
        if unread:
            causes.append(Cause("inputs", f"not made from {', '.join(unread)}"))
        return sorted(causes, key=lambda cause: CAUSES.index(cause.cause))

    def _models(self, plan: StagePlan, commit: Commit) -> list[Cause]:
        causes = []
        for role, used in commit.models.items():
            now = self.models.get(role)
            if now is None:
                continue
            prompts = tuple(name for name in plan.prompts if PROMPTS[name].role == role)
            if (used.get("model"), used.get("revision")) != (now["model"], now["revision"]):
                causes.append(Cause("model", f"{role} was {_named(used)}, is {_named(now)}", prompts))
            changed = [name for name in SAMPLING if name in used and used[name] != now[name]]
            if changed:
                changes = ", ".join(f"{name} {used[name]:g} is now {now[name]:g}" for name in changed)
                causes.append(Cause("sampling", f"{role}: {changes}", prompts))
        return causes


def _named(model: Mapping[str, Any]) -> str:
    revision = str(model.get("revision") or "")
    return f"{model.get('model')} @ {revision[:12]}" if revision else str(model.get("model"))


def _code(stage: str, before: str, now: str) -> str:
    """Both versions of a stage's logic, and in words what changed between them."""
    entry, known = STAGES[stage], before.partition("+")[0]
    versions = list(entry.logic_changes)
    if known == entry.logic_version:  # then its variant differs
        versions = []
    elif known in versions:
        versions = versions[versions.index(known) + 1 :]
    changed = "; ".join(entry.logic_changes[version] for version in versions)
    return f"logic {before} is now {now}{f': {changed}' if changed else ''}"


def _prompts(plan: StagePlan, commit: Commit) -> list[Cause]:
    changed = [name for name, digest in plan.prompts.items() if commit.prompts and commit.prompts.get(name) != digest]
    return [Cause("prompt", f"new {', '.join(changed)}", tuple(changed))] if changed else []


def _settings(plan: StagePlan, commit: Commit) -> list[Cause]:
    causes = []
    for name, now in plan.settings.items():
        before = commit.settings.get(name, now)
        if before == now:
            continue
        detail = f"{name} {before} is now {now}"
        if name == "seed":
            causes.append(Cause("sampling", detail, tuple(plan.prompts)))
        else:
            prompts = tuple(each for each in STAGES[plan.stage].settings[name] if each in plan.prompts)
            causes.append(Cause("settings", detail, prompts))
    return causes
