import dataclasses
import json
import subprocess
import sys

import pytest

from ceteris.errors import InputError
from ceteris.lab.facts import TOGETHER, KnownFacts, predicted_seconds
from ceteris.lab.plan import Request, make_plan
from ceteris.study.keys import trial_key
from ceteris.study.reading import StudyFile, write_study
from ceteris.study.record import Cost, Record, Status
from ceteris.study.vocabulary import Factor, PartSpec, Scale, Study


def keys_of(study, place, store, **asked):
    plan = make_plan(Request(study, **asked), place, KnownFacts(store.root / "facts"))
    return {(trial.arm, trial.seed): trial.key for trial in plan.trials}


def changed(study, **fields):
    return Study(**(study.model_dump() | fields))


def test_trials_are_blocks_of_all_arms(planned):
    assert [(t.arm, t.seed) for t in planned.trials] == [
        ("baseline", 0), ("gelu", 0), ("baseline", 1), ("gelu", 1)
    ]  # fmt: skip
    assert planned.baseline.name == "baseline"


def test_the_key_is_the_hash_of_recipe_data_and_seed(planned):
    trial, arm = planned.trials[1], planned.arms[1]

    assert trial.key == trial_key(arm.recipe, arm.data.fingerprint, trial.seed)


def test_yaml_and_python_give_the_same_keys(study, place, store):
    from_yaml = StudyFile(write_study(study), "tiny.yaml").study()

    assert keys_of(from_yaml, place, store) == keys_of(study, place, store)


def test_names_of_arms_and_study_are_no_part_of_a_key(study, place, store):
    other = changed(study, name="other", question="?", baseline_name="plain", margin=0.1, alpha=0.01)

    assert set(keys_of(other, place, store).values()) == set(keys_of(study, place, store).values())


def test_another_process_with_another_hash_seed_makes_the_same_keys(study, place, store, tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(write_study(study))
    command = [sys.executable, "-m", "ceteris", "plan", str(file), "--json", "--store", str(store.root)]
    keys_of(study, place, store)  # counts the models, so that the other process needs no torch
    printed = subprocess.run(
        command, capture_output=True, check=True, text=True, env={"PYTHONHASHSEED": "7", "HOME": str(tmp_path)}
    )

    found = {(trial["arm"], trial["seed"]): trial["key"] for trial in json.loads(printed.stdout)["trials"]}
    assert found == keys_of(study, place, store)


def test_anything_in_the_recipe_changes_the_key(study, place, store):
    before = set(keys_of(study, place, store).values())
    for overrides in ({"epochs": 3}, {"optimizer.lr": 0.1}, {"split.seed": 1}, {"model.width": 5}, {"augment": "flip"}):
        assert before.isdisjoint(keys_of(study, place, store, overrides=overrides).values())


def test_scales_and_seeds(study, place, store):
    scaled = changed(study, scales={"smoke": Scale(set={"epochs": 1}, seeds=1)})
    plan = make_plan(Request(scaled, scale="smoke"), place, KnownFacts(store.root / "facts"))

    assert [arm.recipe["epochs"] for arm in plan.arms] == [1, 1]
    assert {trial.seed for trial in plan.trials} == {0}
    assert len(keys_of(scaled, place, store, scale="smoke", seeds=[3, 4, 5])) == 6


def test_one_factor_is_no_confound_and_two_are(study, place, store):
    two = changed(study, variants={"both": {"epochs": 3, "batch_size": 8}})
    plan = make_plan(Request(two), place, KnownFacts(store.root / "facts"))
    found = {arm.name: (sorted(arm.differs), arm.confounded) for arm in plan.arms}

    assert found["baseline"] == ([], False)
    assert found["both"] == (["batch_size", "epochs"], True)
    assert found["activation=gelu"] == (["model.activation"], False)


def test_mistakes_in_parts_carry_the_line_of_the_file(study, place, store):
    text = write_study(study).replace("gelu: gelu", "gelu: glue").replace("lr: 0.003", "lr: fast")
    file = StudyFile(text, "tiny.yaml")
    with pytest.raises(InputError) as caught:
        make_plan(Request(file.study(), locate=file.line), place, KnownFacts(store.root / "facts"))

    found = str(caught.value)
    line_of_rate = text.splitlines().index("    lr: fast") + 1
    assert f"tiny.yaml:{line_of_rate}: optimizer 'adam': lr must be a number" in found


def test_what_is_said_of_no_arm_stands_where_it_is_said(study, place, store):
    claims = [{"text": "It is so.", "all": [{"measure": "top1", "arm": "glue", "expect": "higher"}]}]
    text = write_study(changed(study, claims=claims, reported={"glue": {"top1": 0.5}}))
    file = StudyFile(text, "tiny.yaml")
    with pytest.raises(InputError) as caught:
        make_plan(Request(file.study(), locate=file.line), place, KnownFacts(store.root / "facts"))

    lines = {row.strip(): number for number, row in enumerate(text.splitlines(), 1)}
    assert [str(problem) for problem in caught.value.problems] == [
        f"tiny.yaml:{lines['reported:']}: no arm is called 'glue' (did you mean 'gelu'?)",
        f"tiny.yaml:{lines['arm: glue']}: no arm is called 'glue' (did you mean 'gelu'?)",
    ]


def test_a_model_that_does_not_fit_the_images_is_a_mistake_at_its_level(study, place, store):
    text = write_study(changed(study, factors=[Factor("model", ["lenet"])], baseline=study.baseline)).replace(
        "name: shapes\n    train_images: 60\n    test_images: 30\n    classes: 3\n    difficulty: 0.0", "name: digits"
    )
    file = StudyFile(text, "tiny.yaml")
    with pytest.raises(InputError) as caught:
        make_plan(Request(file.study(), locate=file.line), place, KnownFacts(store.root / "facts"))

    line = next(n for n, row in enumerate(text.splitlines(), 1) if "lenet: lenet" in row)
    assert f"tiny.yaml:{line}" in str(caught.value)
    assert "lenet" in str(caught.value)


def test_more_images_than_there_are_is_a_mistake(study, place, store):
    with pytest.raises(InputError, match="asks for 5,000 images, shapes has 60"):
        keys_of(study, place, store, overrides={"split.train_images": 5000})


def test_a_price_comes_from_records_once_there_are_some(planned, study, place, store):
    known = KnownFacts(store.root / "facts")
    assert planned.arms[0].seconds_from == "guess"
    arm = planned.arms[0]
    record = Record("0" * 64, Status.FINISHED, arm.recipe, 0, arm.data, {}, cost=Cost(1.0, 1.0, 54.0, 1, False))
    known.learn(record)
    again = make_plan(Request(study), place, known)

    assert again.arms[0].seconds_from == "records"
    assert again.arms[0].seconds == pytest.approx(2 * 54 / 54.0)
    assert again.arms[1].seconds_from == "guess"


def test_a_price_is_that_of_the_device_that_a_run_would_take(planned, study, place, store):
    arm, folder = planned.arms[0], store.root / "facts"
    for device, speed in (("cpu", 54.0), ("NVIDIA H100 80GB HBM3", 5400.0)):
        cost = Cost(1.0, 1.0, speed, 1, False)
        record = Record("0" * 64, Status.FINISHED, arm.recipe, 0, arm.data, {"device": device}, cost=cost)
        KnownFacts(folder).learn(record)

    assert KnownFacts(folder, "cpu").seconds(arm.recipe, arm.data, arm.model) == (pytest.approx(2.0), "records")
    assert KnownFacts(folder, "cuda").seconds(arm.recipe, arm.data, arm.model) == (pytest.approx(2 / 100), "records")
    assert KnownFacts(folder, "mps").seconds(arm.recipe, arm.data, arm.model)[1] == "guess"


def test_trials_that_share_an_accelerator_have_a_price_of_their_own(planned, store):
    arm, folder = planned.arms[0], store.root / "facts"

    def price(at_a_time=None, device="cuda"):
        return KnownFacts(folder, device, at_a_time).seconds(arm.recipe, arm.data, arm.model)

    def learn(speed, *, shared):
        cost = Cost(1.0, 1.0, speed, 1, shared)
        record = Record("0" * 64, Status.FINISHED, arm.recipe, 0, arm.data, {"device": "NVIDIA H100"}, cost=cost)
        KnownFacts(folder).learn(record)

    alone, _ = price()
    assert price(8) == (pytest.approx(alone * 8 / TOGETHER), "guess")
    assert price(1) == (alone, "guess")
    assert price(8, "cpu") == price(1, "cpu")

    learn(540.0, shared=True)
    assert price() == price(8) == (pytest.approx(2 * 54 / 540), "records")
    learn(1080.0, shared=False)
    assert price() == (pytest.approx(2 * 54 / 1080), "records")
    assert price(8) == (pytest.approx(2 * 54 / 540), "records")


def test_trials_measured_alone_are_taken_to_be_slower_together(planned, store):
    arm, folder = planned.arms[0], store.root / "facts"
    cost = Cost(1.0, 1.0, 540.0, 1, shared_machine=False)
    KnownFacts(folder).learn(
        Record("0" * 64, Status.FINISHED, arm.recipe, 0, arm.data, {"device": "NVIDIA H100"}, cost=cost)
    )
    seconds, source = KnownFacts(folder, "cuda:1", 6).seconds(arm.recipe, arm.data, arm.model)
    assert (seconds, source) == (pytest.approx(2 * 54 / 540 * 6 / TOGETHER), "records")


def test_trials_that_are_compiled_and_those_in_another_precision_have_prices_of_their_own(planned, store):
    arm, folder = planned.arms[0], store.root / "facts"
    bf16 = arm.recipe | {"precision": "bf16"}

    def price(recipe=arm.recipe, at_a_time=None, *, compiled=False):
        return KnownFacts(folder, "cuda", at_a_time, compiled=compiled).seconds(recipe, arm.data, arm.model)

    def learn(speed, recipe=arm.recipe, **around):
        cost = Cost(1.0, 1.0, speed, 1, shared_machine=False)
        record = Record("0" * 64, Status.FINISHED, recipe, 0, arm.data, {"device": "H100"} | around, cost=cost)
        KnownFacts(folder).learn(record)

    learn(540.0, compiled=True)
    assert price() == price(compiled=True) == (pytest.approx(2 * 54 / 540), "records")
    assert price(bf16, compiled=True)[1] == "guess"
    learn(1080.0, bf16)
    assert price(bf16) == price(bf16, compiled=True) == (pytest.approx(2 * 54 / 1080), "records")
    learn(270.0)
    assert price() == (pytest.approx(2 * 54 / 270), "records")
    assert price(compiled=True) == (pytest.approx(2 * 54 / 540), "records")
    assert price(at_a_time=6, compiled=True) == (pytest.approx(2 * 54 / 540 * 6 / TOGETHER), "records")


def test_large_networks_gain_nothing_from_sharing_an_accelerator(planned, store):
    arm = planned.arms[0]
    large = dataclasses.replace(arm.model, macs=10**10)
    alone, together = (KnownFacts(store.root / "facts", "cuda", n).seconds(arm.recipe, arm.data, large) for n in (1, 6))
    assert together == (pytest.approx(6 * alone[0]), "guess")


def test_a_guess_is_of_the_work_in_training(planned):
    arm = planned.arms[0]
    twice = dataclasses.replace(arm.model, training_macs=2 * arm.model.macs)
    once, other = (
        predicted_seconds(arm.recipe | {"batch_size": 10**12}, 1000, model, None, "cpu") for model in (arm.model, twice)
    )
    assert other == pytest.approx(2 * once)


def test_facts_kept_before_training_was_counted_are_counted_again(planned, study, place, store):
    known, arm = KnownFacts(store.root / "facts"), planned.arms[0]
    earlier = dataclasses.asdict(arm.model)
    del earlier["training_macs"]
    known._write(arm.recipe, arm.data, {"facts": earlier})
    assert known.of(arm.recipe, arm.data) == arm.model


def test_the_study_folder_tells_scales_and_settings_apart(study):
    plain, smoke = Request(study), Request(study, scale="smoke")
    changed_one = dataclasses.replace(plain, overrides={"epochs": 1})

    assert plain.folder == "tiny-full"
    assert len({plain.folder, smoke.folder, changed_one.folder}) == 3


def test_an_a_a_check_stands_in_the_blocks_under_its_own_seeds(study, place, store):
    plan = make_plan(Request(changed(study, again=[9, 7])), place, KnownFacts(store.root / "facts"))

    assert [(t.arm, t.seed) for t in plan.trials] == [
        ("baseline", 0), ("gelu", 0), ("baseline again", 9), ("baseline", 1), ("gelu", 1), ("baseline again", 7)
    ]  # fmt: skip
    again = plan.arms[-1]
    assert again.again
    assert again.recipe == plan.baseline.recipe
    assert not again.confounded
    assert len({trial.key for trial in plan.trials}) == 6
    assert type(plan).from_json(plan.to_json()) == plan


def test_a_last_batch_that_batch_norm_cannot_train_on_is_refused(study, place, store):
    normed = changed(
        study, baseline=study.baseline.model_copy(update={"model": PartSpec(name="improved-cnn", width=4)})
    )
    with pytest.raises(InputError, match="the last of the batches of 53 has one of the 54 training images"):
        keys_of(normed, place, store, overrides={"batch_size": 53})
    keys_of(normed, place, store, overrides={"batch_size": 27})
