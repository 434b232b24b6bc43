"""The soak finds what it is for: each fault that is planted in the Lambda code, within a few hundred sequences."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from constructs_lib.runtime import (
    answer,
    endpoint,
    event,
    handler,
    jobs,
    lifecycle,
    log,
    model,
    owned,
    poll,
    retrain,
    retrain_evaluation,
    retrain_promotion,
    retrain_run,
    retrain_trigger,
    retry,
    tagging,
    transform,
)
from constructs_lib.runtime.retrain_document import Document
from constructs_lib.runtime.retrain_judge import Standing, standing
from constructs_lib.runtime.retrain_promotion import Promotion
from constructs_lib.runtime.retrain_store import Store
from constructs_lib.runtime.stack import Live, Stack

from .scenario import HOSTING, Act, Scenario, StackPlan, Step, from_seed
from .soak import run

pytestmark = pytest.mark.soak

ENOUGH = 600
"""So many seeds are tried for each, from the one on that found it when it was planted first."""

Plant = Callable[[pytest.MonkeyPatch], None]


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def late_events_are_served(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Stack, "check_wanted", nothing)


def a_rollback_makes_what_it_does_not_find(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Stack, "check_wanted", nothing)
    patch.setattr(lifecycle, "_earlier", nothing)
    patch.setattr(jobs.Job, "still_serves", lambda *_: False)


def unknown_is_go_ahead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Stack, "live", lambda _: Live("", is_deleted=False))


def a_delete_has_no_patience(patch: pytest.MonkeyPatch) -> None:
    for module in (lifecycle, transform, model, owned, endpoint):
        patch.setattr(module, "insist", lambda call, *_: call())
    patch.setattr(owned, "patiently", lambda call, *_, **__: call())


def a_delete_looks_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retry, "LOOKS", 1)


def orphans_are_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lifecycle, "_retire_orphans", nothing)
    patch.setattr(transform, "_orphans", lambda *_: [])
    patch.setattr(model, "_delete_orphan", nothing)


def jobs_are_not_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(jobs, "stop", nothing)


def everything_is_ours(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(event.Event, "owns", lambda *_: True)


def endpoints_are_guessed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endpoint, "_was_made_during", lambda *_: True)
    patch.setattr(endpoint, "_serves", lambda *_: True)


def next_endpoint_is_taken_for_the_old_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endpoint, "_again", lambda sagemaker, was: endpoint._describe(sagemaker, was["EndpointName"]))


def old_tags_come_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Stack, "_problem", lambda *_, **__: "")


def secrets_are_logged(patch: pytest.MonkeyPatch) -> None:
    write = log.write
    patch.setattr(log, "mask", lambda text, _: text)
    patch.setattr(log, "write", lambda told, what, **more: write(told, what, **more | {"detail": told.response_url}))


def answers_are_too_long(patch: pytest.MonkeyPatch) -> None:
    encode = answer.encode
    patch.setattr(handler, "encode", lambda *given: encode(*given).ljust(5000))


def a_prefix_changes_with_all_else(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tagging, "check_prefix", nothing)


def tags_stay_under_the_prefix_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tagging, "owner_tags", lambda *_: {})


def runs_are_not_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retrain, "_stop", nothing)


def documents_are_written_whoever_was_faster(patch: pytest.MonkeyPatch) -> None:
    put = Store._put
    patch.setattr(Store, "_put", lambda store, name, content, **_: put(store, name, content))


def jobs_of_runs_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Document, "is_full", lambda *_: False)


def runs_that_died_are_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retrain_trigger, "is_gone", lambda *_: False)


def late_requests_move_documents(patch: pytest.MonkeyPatch) -> None:
    moved, unasked = retrain._moved, cast("Stack", SimpleNamespace(check_wanted=nothing))
    patch.setattr(retrain, "_moved", lambda event, _, aws, clock: moved(event, unasked, aws, clock))


def nothing_that_has_served_is_kept(patch: pytest.MonkeyPatch) -> None:
    remove_others = Promotion.remove_others
    patch.setattr(Promotion, "remove_others", lambda promotion, *_: remove_others(promotion, None, None))


def endpoints_are_taken_from_people(patch: pytest.MonkeyPatch) -> None:
    told = standing

    def guess(*given: Any) -> Standing:
        stands = told(*given)
        return Standing.DEMOTED if stands is Standing.FOREIGN else stands

    patch.setattr(retrain_promotion, "standing", guess)


def nobody_is_told_of_people(patch: pytest.MonkeyPatch) -> None:
    told = standing

    def guess(*given: Any) -> Standing:
        stands = told(*given)
        return Standing.IN_ORDER if stands is Standing.FOREIGN else stands

    patch.setattr(retrain_promotion, "standing", guess)


def champions_do_not_come_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retrain_promotion, "standing", lambda *_: Standing.IN_ORDER)


def what_runs_have_made_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Promotion, "remove_others", lambda *_: [])


def templates_do_not_take_champions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(model, "_champion", lambda *_: "")


def evaluations_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retrain_evaluation, "remove", lambda things, *_, **__: list(things))
    patch.setattr(retrain_run, "remove", lambda things, *_, **__: list(things))


def closed_retrainings_forget_their_evaluation(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retrain, "_clear", lambda document, *_: document)


def shapes_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Promotion, "template", property(lambda _: "Config-0-1"))


def new_jobs_are_given_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retrain_run, "_LATER", 0.0)


def conditions_of_other_jobs_are_signalled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Stack, "is_now", lambda *_: True)


def nothing_is_signalled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(poll._Look, "_signal", nothing)


PLANTS: list[tuple[Plant, str, int]] = [
    (late_events_are_served, "no resource owns it", 33),
    (a_rollback_makes_what_it_does_not_find, "of a rollback makes a job", 14),
    (unknown_is_go_ahead, "was given up", 939),
    (a_delete_has_no_patience, "no resource owns it", 607),
    (a_delete_looks_once, "no resource owns it", 0),
    (orphans_are_left, "no resource owns it", 809),
    (jobs_are_not_stopped, "runs and no resource owns it", 0),
    (everything_is_ours, "of somebody else was touched", 12),
    (endpoints_are_guessed, "of a person was touched", 2),
    (next_endpoint_is_taken_for_the_old_one, "goes on waiting for an endpoint", 1),
    (old_tags_come_back, "has the tags", 30),
    (secrets_are_logged, "a secret got out", 0),
    (answers_are_too_long, "bytes", 0),
    (a_prefix_changes_with_all_else, "no resource owns it", 268),
    (tags_stay_under_the_prefix_before, "no resource owns it", 81),
    (runs_are_not_stopped, "trains on after the retraining is gone", 0),
    (documents_are_written_whoever_was_faster, "jobs of one retraining train", 1887),
    (jobs_of_runs_are_not_counted, "more jobs in a month", 0),
    (runs_that_died_are_left, "never ends", 0),
    (late_requests_move_documents, "its document is closed", 21020),
    (new_jobs_are_given_up, "jobs of one retraining train", 95),
    (champions_do_not_come_back, "and the champion is another", 7),
    (evaluations_stay, "of an evaluation", 645),
    (shapes_are_kept, "the shape of the template", 1540),
    (what_runs_have_made_stays, "no resource owns it", 3309),
    (conditions_of_other_jobs_are_signalled, "waited for there, still runs", 0),
    (nothing_is_signalled, "nobody has signalled", 0),
]


ALL = (*HOSTING, "retraining")


def life(*steps: Step, acts: tuple[Act, ...], holds_out: bool = False) -> Scenario:
    """A stack whose retraining promotes."""
    return Scenario((StackPlan(ALL, steps),), acts=acts, scores=(0.92, 0.94, 0.97), holds_out=holds_out)


CREATION = Step("create", wishes=("plain",) * len(ALL))
RUNS = tuple(Act(at, "by hand") for at in (100.0, 2000.0, 4000.0))
PERSON = Act(8000.0, "changes endpoint", "nobody")
LEAVES = Step("update", 8000.0, ("tagged",) * len(ALL), leaves=True)
WHILE_MODELS_ANSWER = Step("delete", 1060.0)

LIVES: list[tuple[Plant, str, Scenario]] = [
    (nothing_that_has_served_is_kept, "which serves or has served before, is gone", life(CREATION, acts=RUNS)),
    (endpoints_are_taken_from_people, "away from a person", life(CREATION, acts=(*RUNS, PERSON))),
    (nobody_is_told_of_people, "nobody is told that somebody else", life(CREATION, acts=(*RUNS, PERSON))),
    (templates_do_not_take_champions, "has lost the champion", life(CREATION, LEAVES, acts=RUNS)),
    (
        closed_retrainings_forget_their_evaluation,
        "of an evaluation",
        life(CREATION, WHILE_MODELS_ANSWER, acts=RUNS[:1], holds_out=True),
    ),
]
"""Faults that lives of many seeds find: each in one that is made for it."""


@pytest.mark.parametrize(("plant", "fault", "scenario"), LIVES, ids=[plant.__name__ for plant, _, _ in LIVES])
def test_planted_fault_of_promotions_is_found(
    plant: Plant, fault: str, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(scenario).faults == []

    plant(monkeypatch)

    assert any(fault in found for found in run(scenario).faults)


def faults(first: int) -> Iterator[str]:
    for seed in range(first, first + ENOUGH):
        yield from run(from_seed(seed)).faults


@pytest.mark.parametrize(("plant", "fault", "first"), PLANTS, ids=[plant.__name__ for plant, _, _ in PLANTS])
def test_planted_fault_is_found(plant: Plant, fault: str, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)

    assert any(fault in found for found in faults(first))
