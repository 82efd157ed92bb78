"""Only scores of the same settings are compared."""

from wethink_assets.evaluation.reports.comparison import against_base
from wethink_assets.evaluation.reports.newest import newest
from wethink_assets.evaluation.runs.models import base_model_of, trained_model
from wethink_assets.evaluation.runs.records import scores_of
from wethink_assets_tests.support.full_disk import full_disk
from wethink_assets_tests.support.scored_training_run import ScoredRun, scored_by


def test_newer_settings_take_the_place_of_older_ones(scored: ScoredRun) -> None:
    store, settings, policy = scored
    changed = settings.model_copy(update={"scoring": settings.scoring.model_copy(update={"system_prompt": "Answer."})})
    scored_by(store, changed, trained_model(changed, store, policy), lambda text, _: "B")
    groups = newest(scores_of(store, policy.model_digest))
    assert groups["mine"][0].value == 100 and len(list(scores_of(store, policy.model_digest))) == 2
    base = newest(scores_of(store, base_model_of(settings, policy).digest))["mine"]
    assert against_base(store, settings, base, groups["mine"]) is None  # other prompts: not comparable


def test_a_store_that_takes_no_writes_is_compared_all_the_same(scored: ScoredRun) -> None:
    store, settings, policy = scored
    models = (base_model_of(settings, policy), trained_model(settings, store, policy))
    base, trained = (newest(scores_of(store, model.digest))["mine"] for model in models)
    for path in store.files(trained[0].folder):
        if "/against-" in path:
            store.delete(path)
    with full_disk():
        compared = against_base(store, settings, base, trained)
    assert not any("/against-" in path for path in store.files(trained[0].folder))
    assert compared is not None and against_base(store, settings, base, trained) == compared
    assert any("/against-" in path for path in store.files(trained[0].folder))
