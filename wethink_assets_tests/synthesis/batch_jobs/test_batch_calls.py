"""Roles in mode `batch` against a strict double of OpenAI's batch jobs: rounds, prices, budgets, partial results and faults."""

from collections.abc import Iterator
from typing import Any

import pytest

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import BalanceSpent
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.batch_calls import JobsPending
from wethink_assets.synthesis.batch_jobs.records import open_jobs
from wethink_assets.synthesis.budgets.allowance import BudgetSpent
from wethink_assets.synthesis.budgets.ledger import Accounts, spent_of
from wethink_assets_tests.support.batch_rounds import (
    BATCH,
    CALLS,
    IMAGES,
    ROUNDS,
    all_runs,
    batch_settings,
    one_run,
    scripted,
)
from wethink_assets_tests.support.services import Faults, served_as
from wethink_assets_tests.support.services.batches import BatchDouble
from wethink_assets_tests.support.services.rules import Refused


@pytest.fixture
def service() -> Iterator[BatchDouble]:
    with served_as(BatchDouble, "vllm", scripted) as double:
        yield double


def spent(store: Store) -> dict[str, float]:
    return spent_of(Accounts(store, "night").read())


def test_a_dialogue_is_a_job_a_round_at_half_the_price(service: BatchDouble, store: Store, pack: str) -> None:
    provenance: list[Any] = []
    output, waited = all_runs(batch_settings(service, pack), store, provenance)
    assert output.results.height == IMAGES and output.rejections.is_empty()
    assert waited == ROUNDS == len(service.jobs)
    assert service.paid.total() == CALLS == len(service.paid), "each call once"
    calls = journaled_calls(store, "descriptions", BATCH)
    assert set(calls["key"]) == set(service.paid)
    tokens = sum(calls["prompt_tokens"].to_list()) + sum(calls["completion_tokens"].to_list())
    amounts = provenance[0]["calls"]
    assert amounts["calls"] + amounts["cached_calls"] == CALLS
    assert amounts["money"] + amounts["cached_money"] == pytest.approx(tokens * 10 / 1e6 / 2)
    assert spent(store)["calls"] == CALLS and spent(store)["money"] == pytest.approx(tokens * 5 / 1e6)
    assert not open_jobs(store) and len(store.names("batch_jobs/done")) == ROUNDS
    assert not service.files, "images are not left at the service"


def test_replies_are_those_of_live_calls_and_either_mode_reuses_them(
    service: BatchDouble, store: Store, pack: str, tmp_path: Any
) -> None:
    live = Store.open(str(tmp_path / "live"))
    both = ("describer", "reasoner")
    expected = one_run(batch_settings(service, pack, live=both), live)
    output, _ = all_runs(batch_settings(service, pack), store)
    assert output.results.equals(expected.results)
    requests = len(service.requests)
    assert one_run(batch_settings(service, pack, live=both), store).results.equals(expected.results)
    assert one_run(batch_settings(service, pack), live).results.equals(expected.results)
    assert len(service.requests) == requests, "nothing was asked again"


def test_a_live_role_is_asked_beside_one_that_waits(service: BatchDouble, store: Store, pack: str) -> None:
    output, waited = all_runs(batch_settings(service, pack, live=("reasoner",)), store)
    assert output.results.height == IMAGES
    assert waited == 3, "describe, details, merge"
    assert service.paid.total() == 4 * IMAGES and len(service.requests) == CALLS


def test_a_run_ends_at_once_while_no_job_has_ended(service: BatchDouble, store: Store, pack: str) -> None:
    settings = batch_settings(service, pack)
    service.batch_faults.waits = True
    with pytest.raises(
        JobsPending, match=r"descriptions of coco.000001 waits for 1 batch job with 8 calls \(batch_000000 at http"
    ):
        one_run(settings, store)
    with pytest.raises(JobsPending):
        one_run(settings, store)
    assert len(service.jobs) == 1
    with pytest.raises(JobsPending):  # a call that is under way is not made by another way
        one_run(batch_settings(service, pack, live=("describer", "reasoner")), store)
    assert len(service.requests) == 0


def test_rounds_are_split_by_the_limits_of_the_service(service: BatchDouble, store: Store, pack: str) -> None:
    with pytest.raises(JobsPending, match="waits for 3 batch jobs with 8 calls"):
        one_run(batch_settings(service, pack, batch_lines=3), store)
    assert [job.calls for job in sorted(open_jobs(store), key=lambda job: job.prepared)] == [3, 3, 2]
    output, _ = all_runs(batch_settings(service, pack, batch_bytes=1500), store)
    assert output.results.height == IMAGES and service.paid.total() == CALLS
    assert len(service.jobs) > 3 + ROUNDS


@pytest.mark.parametrize("ends", ["expired", "cancelled"])
def test_a_job_that_ends_early_leaves_its_replies_and_the_rest_is_asked_again(
    ends: str, service: BatchDouble, store: Store, pack: str
) -> None:
    settings = batch_settings(service, pack)
    with pytest.raises(JobsPending):
        one_run(settings, store)
    service.batch_faults.ends, service.batch_faults.answers = ends, 3
    if ends == "cancelled":  # somebody wanted it: whoever starts the next run wants the rest
        with pytest.raises(ModelError, match="was cancelled at its service after 3 of 8 calls"):
            one_run(settings, store)
        service.batch_faults.ends = "completed"
    else:
        with pytest.raises(JobsPending):
            one_run(settings, store)
        service.batch_faults.ends = "completed"
    assert journaled_calls(store, "descriptions", BATCH).height == 3
    output, _ = all_runs(settings, store)
    assert output.results.height == IMAGES
    assert service.paid.total() == CALLS == len(service.paid)


def test_errors_of_lines_are_what_they_are_for_live_calls(service: BatchDouble, store: Store, pack: str) -> None:
    pictures: list[str] = []

    def refused(body: dict[str, Any], asked: int) -> Refused | None:
        content = body["messages"][-1]["content"]
        picture = content[0]["image_url"]["url"] if isinstance(content, list) else ""
        if picture and picture not in pictures:
            pictures.append(picture)
        number = pictures.index(picture) if picture else -1
        if number == 0:
            return service.rules.moderated
        if number == 1:
            return Refused(400, "Invalid image data", "invalid_image")
        if number == 2:
            return Refused(500, "The server had an error while processing your request", kind="server_error")
        return Refused(503, "overloaded", kind="server_error") if number == 3 and asked == 1 else None

    service.batch_faults.refused = refused
    output, _ = all_runs(batch_settings(service, pack), store)
    assert output.results.height == IMAGES - 3
    reasons = dict(output.rejections.group_by("reason").len().iter_rows())
    assert reasons == {"filtered": 1, "endpoint_error": 2}
    assert sorted(service.asked.values())[-1] == 5, "what may pass is tried five times"
    assert service.paid.total() == len(service.paid), "and nothing that was answered twice"


def test_a_completed_job_that_tells_nothing_of_some_calls_has_them_asked_again(
    service: BatchDouble, store: Store, pack: str
) -> None:
    service.batch_faults.left_out = 2
    settings = batch_settings(service, pack)
    for _ in range(2):
        with pytest.raises(JobsPending):
            one_run(settings, store)
    service.batch_faults.left_out = 0
    output, _ = all_runs(settings, store)
    assert output.results.height == IMAGES


def test_a_spent_balance_stops_the_run_and_rejects_nothing(service: BatchDouble, store: Store, pack: str) -> None:
    settings = batch_settings(service, pack)
    spent_after = 11
    service.batch_faults.refused = lambda body, asked: (
        service.rules.spent if service.paid.total() >= spent_after else None
    )
    with pytest.raises(BalanceSpent):
        all_runs(settings, store)
    assert journaled_calls(store, "descriptions", BATCH).height == spent_after
    service.batch_faults.refused = lambda body, asked: None
    output, _ = all_runs(settings, store)
    assert output.results.height == IMAGES and service.paid.total() == CALLS


@pytest.mark.parametrize(
    ("code", "message", "says"),
    [
        ("invalid_url", "The URL is not supported", "failed the batch job batch_000000 before it began"),
        ("token_limit_exceeded", "Enqueued token limit reached", "set batch_lines"),
        ("billing_hard_limit_reached", "Billing hard limit has been reached", "is spent"),
    ],
)
def test_a_job_that_fails_as_a_whole_says_why_and_costs_nothing(
    code: str, message: str, says: str, service: BatchDouble, store: Store, pack: str
) -> None:
    settings = batch_settings(service, pack)
    with pytest.raises(JobsPending):
        one_run(settings, store)
    service.batch_faults.ends, service.batch_faults.error = "failed", (code, message)
    with pytest.raises(ModelError, match=says) as caught:
        one_run(settings, store)
    assert message in str(caught.value)
    assert not open_jobs(store) and spent(store)["calls"] == 0
    service.batch_faults.ends = "completed"
    output, _ = all_runs(settings, store)
    assert output.results.height == IMAGES and service.paid.total() == CALLS


def test_a_job_whose_creation_was_not_answered_is_found(service: BatchDouble, store: Store, pack: str) -> None:
    service.batch_faults.lost_answers = 1
    settings = batch_settings(service, pack)
    with pytest.raises(JobsPending):
        one_run(settings, store)
    assert len(service.jobs) == 1 and open_jobs(store)[0].job_id == "batch_000000"


def test_another_model_that_answers_stops_the_run_until_it_is_allowed(
    service: BatchDouble, store: Store, pack: str
) -> None:
    service.faults = Faults(model="another-model-8b")
    with pytest.raises(JobsPending):
        one_run(batch_settings(service, pack), store)
    with pytest.raises(ModelError, match="another model answered in a batch job: another-model-8b"):
        one_run(batch_settings(service, pack), store)
    output, _ = all_runs(batch_settings(service, pack, other_models=["another-model-8b"]), store)
    assert output.results.height == IMAGES and service.paid.total() == CALLS


def test_another_service_in_the_roles_table_sees_nothing_of_an_open_job(
    service: BatchDouble, store: Store, pack: str
) -> None:
    with pytest.raises(JobsPending):
        one_run(batch_settings(service, pack), store)
    with (
        served_as(BatchDouble, "vllm", scripted) as other,
        pytest.raises(ModelError, match="names another service by now"),
    ):
        one_run(batch_settings(other, pack), store)


def test_a_budget_binds_jobs_by_the_most_that_their_calls_can_take(
    service: BatchDouble, store: Store, pack: str
) -> None:
    settings = batch_settings(service, pack, {"calls": 20})
    with pytest.raises(BudgetSpent, match="budget night is spent"):
        all_runs(settings, store)
    assert service.paid.total() == 20 == spent(store)["calls"]
    room = 2.5 * (512 + 40) * 5 / 1e6  # of two calls at the most that they can take
    settings = batch_settings(service, pack, {"money": spent(store)["money"] + room})
    with pytest.raises(BudgetSpent):
        all_runs(settings, store)
    assert spent(store)["money"] <= settings.budgets["night"].limits()["money"]
    assert 22 < service.paid.total() < CALLS, "what calls did not take is free for others"
    output, _ = all_runs(batch_settings(service, pack), store)
    assert output.results.height == IMAGES and service.paid.total() == CALLS == spent(store)["calls"]
