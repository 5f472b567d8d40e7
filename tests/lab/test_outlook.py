"""What a plan can find out, from made records: exactly its recipes, whatever study they come from."""

import dataclasses

import pytest

from ceteris.lab.facts import KnownFacts
from ceteris.lab.outlook import NEIGHBOURS, earlier_scores, look_ahead
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.sharing import Resources
from ceteris.stats.looks import look_level
from ceteris.stats.power import detectable_effect, planning_sd, seeds_needed
from ceteris.study.keys import trial_key
from ceteris.study.record import Cost, Record, Status
from ceteris.study.vocabulary import Factor, Study


def keep(store, arm, seed, top1, status=Status.FINISHED):
    """A record as a trial of that arm would have left it."""
    metrics = {} if top1 is None else {"top1": top1}
    key = trial_key(arm.recipe, arm.data.fingerprint, seed)
    cost = Cost(1.0, 0.1, 100.0, 1, False)
    store.put(Record(key, status, arm.recipe, seed, arm.data, {"device": "cpu"}, metrics=metrics, cost=cost))


def plan_of(study, place, store, **fields):
    changed = Study(**(study.model_dump() | fields))
    return make_plan(Request(changed), place, KnownFacts(store.root / "facts"))


def test_without_records_the_spread_is_guessed_from_the_test_images(planned, store):
    found = look_ahead(planned, store)

    assert (found.spread, found.accuracy) == (None, None)
    assert found.sd == planning_sd(0.8, 30)
    assert found.effect == detectable_effect(2, found.sd, 0.05)


def test_earlier_trials_of_these_recipes_give_the_spread(planned, store):
    relu, gelu = planned.arms
    for seed, (one, two) in enumerate([(0.5, 0.6), (0.6, 0.7), (0.55, 0.62)]):
        keep(store, relu, seed, one)
        keep(store, gelu, seed, two)
    found = look_ahead(planned, store)

    assert (found.spread.trials, found.spread.arms, found.spread.freedom) == (6, 2, 4)
    assert found.sd == pytest.approx(((0.005 + 0.0056) / 4) ** 0.5, rel=1e-3)
    assert found.accuracy == pytest.approx(0.595)
    assert found.effect == detectable_effect(2, found.sd, 0.05)
    assert found.seeds_for_margin == seeds_needed(0.005, found.sd, 0.05)


def test_they_may_come_from_another_study_under_other_seeds(study, place, store, planned):
    other = plan_of(study, place, store, name="other", factors=[Factor("epochs", [3])], seeds=[7, 11])
    for seed in (7, 11, 15):
        keep(store, other.baseline, seed, 0.5 + seed / 64)
        keep(store, other.arms[1], seed, 0.9)

    expected = {seed: 0.5 + seed / 64 for seed in (7, 11, 15)}
    assert earlier_scores(planned, store) == {"baseline": expected, "gelu": {}}
    assert look_ahead(planned, store).spread.arms == 1


def test_a_similar_recipe_is_not_this_one(study, place, store, planned):
    longer = plan_of(study, place, store, baseline=study.baseline.model_copy(update={"epochs": 3}))
    for seed in range(4):
        keep(store, longer.baseline, seed, 0.5 + seed / 100)

    assert look_ahead(planned, store).spread is None


def test_seeds_far_away_count_only_when_they_are_planned(study, place, store, planned):
    for seed in (500, 501, 502):
        keep(store, planned.baseline, seed, 0.5 + seed / 10_000)
    planned_there = plan_of(study, place, store, seeds=[500, 501, 502])

    assert max(NEIGHBOURS) < 500
    assert look_ahead(planned, store).spread is None
    assert look_ahead(planned_there, store).spread.trials == 3


def test_what_has_no_score_counts_as_trained_and_not_as_a_score(planned, store):
    keep(store, planned.baseline, 0, None, Status.DIVERGED)
    keep(store, planned.baseline, 1, 0.4, Status.STOPPED)
    keep(store, planned.baseline, 2, 0.1, Status.DID_NOT_LEARN)
    found = look_ahead(planned, store)

    assert earlier_scores(planned, store)["baseline"] == {0: None, 1: None, 2: 0.1}
    assert found.spread is None
    assert found.accuracy == pytest.approx(0.1)


def test_one_degree_of_freedom_is_worth_less_than_a_guess(planned, store):
    keep(store, planned.baseline, 0, 0.5)
    keep(store, planned.baseline, 1, 0.6)

    assert look_ahead(planned, store).spread is None


def test_one_recipe_under_two_names_counts_once(study, place, store):
    plan = plan_of(study, place, store, factors=[Factor("model.activation", {"gelu": "gelu", "gelu too": "gelu"})])
    for seed in range(3):
        keep(store, plan.arms[1], seed, 0.5 + seed / 100)
    found = look_ahead(plan, store)

    assert (found.spread.trials, found.spread.arms) == (3, 1)
    assert [price.trials for price in found.prices[:2]] == [4, 6]


def test_prices_go_by_what_is_left_to_train_and_by_how_many_at_a_time(planned, store):
    priced = dataclasses.replace(
        planned, arms=tuple(dataclasses.replace(a, seconds=s) for a, s in zip(planned.arms, (10.0, 30.0), strict=True))
    )
    keep(store, priced.baseline, 0, 0.5)
    keep(store, priced.baseline, 4, 0.6)
    prices = {price.seeds: price for price in look_ahead(priced, store, Resources(workers=2)).prices}

    assert {2, 3, 5, 10, 20} <= set(prices)
    assert (prices[2].trials, prices[2].new) == (4, 3)
    assert (prices[3].trials, prices[3].new) == (6, 5)
    assert (prices[5].trials, prices[5].new) == (10, 8)
    assert prices[5].seconds == pytest.approx((3 * 10 + 5 * 30) / 2)
    assert [prices[n].effect for n in sorted(prices)] == sorted((p.effect for p in prices.values()), reverse=True)


def test_on_an_accelerator_trials_are_priced_one_after_another(planned, store, monkeypatch):
    monkeypatch.setattr("ceteris.lab.sharing.usable_cores", lambda: 16)
    priced = dataclasses.replace(planned, arms=tuple(dataclasses.replace(arm, seconds=10.0) for arm in planned.arms))
    seconds = {}
    for device in ("cpu", "cuda"):
        monkeypatch.setattr("ceteris.lab.likely.likely_device", lambda device=device: device)
        seconds[device] = {price.seeds: price.seconds for price in look_ahead(priced, store).prices}[20]

    assert (seconds["cpu"], seconds["cuda"]) == (400 / 16, 400)


def test_a_larger_family_needs_a_larger_effect(study, place, store, planned):
    larger = plan_of(study, place, store, factors=[Factor("model.activation", ["gelu", "silu", "sigmoid"])])

    assert look_ahead(larger, store).level == pytest.approx(0.05 / 3)
    assert look_ahead(larger, store).effect > look_ahead(planned, store).effect


def test_looks_are_paid_for_in_the_level(study, place, store):
    found = look_ahead(plan_of(study, place, store, seeds={"looks": [3, 5, 10]}), store)

    assert found.level == look_level(0.05, (3, 5, 10)) < 0.05
    assert found.effect == detectable_effect(10, found.sd, found.level)


def test_one_seed_cannot_decide(study, place, store):
    found = look_ahead(plan_of(study, place, store, seeds=1), store)

    assert (found.cannot, found.effect, found.least_sign_flip_p) == ("one_seed", None, None)
    assert 1 not in [price.seeds for price in found.prices]


def test_two_seeds_that_differ_wildly_could_only_see_the_impossible(planned, store):
    for seed, score in enumerate([0.1, 0.9, 0.5, 0.2]):
        keep(store, planned.baseline, seed, score)
    found = look_ahead(planned, store)

    assert found.effect > 1
    assert found.cannot == "out_of_reach"


@pytest.mark.parametrize(("seeds", "least"), [(2, 0.5), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_the_least_p_of_the_sign_flip_check(study, place, store, seeds, least):
    assert look_ahead(plan_of(study, place, store, seeds=seeds), store).least_sign_flip_p == least


def test_independent_seeds_have_no_sign_flip_check(study, place, store):
    assert look_ahead(plan_of(study, place, store, pairing="independent"), store).least_sign_flip_p is None
