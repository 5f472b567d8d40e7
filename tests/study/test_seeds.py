"""Seeds as looks: read, refused with their line, and written back as they were."""

import pytest

from ceteris.errors import InputError
from ceteris.study.arms import at_scale
from ceteris.study.reading import StudyFile, write_study
from ceteris.study.vocabulary import Study

HEAD = """\
name: width
question: Is twice the width better?
baseline: {data: digits, model: plain-cnn, optimizer: {name: adam, lr: 0.003}, epochs: 3}
factors:
  - {path: model.width, levels: [8]}
"""
LOOKED = (
    HEAD + "seeds: {looks: [3, 5, 10], futility: true}\nscales: {laptop: {seeds: {looks: [2, 4]}}, smoke: {seeds: 2}}\n"
)


def read(text):
    return StudyFile(text, "width.yaml").study()


def refused(text):
    with pytest.raises(InputError) as caught:
        read(text)
    (problem,) = caught.value.problems
    return str(problem)


def test_looks_are_all_seeds_up_to_the_last_of_them():
    study = read(LOOKED)

    assert (study.seeds, study.looks, study.futility) == (list(range(10)), (3, 5, 10), True)


def test_a_fixed_number_of_seeds_has_no_looks():
    study = read(HEAD + "seeds: 4\n")

    assert (study.seeds, study.looks, study.futility) == ([0, 1, 2, 3], (), False)


def test_python_says_the_same():
    fields = read(HEAD)
    made = Study(
        name="width", question=fields.question, baseline=fields.baseline, factors=fields.factors,
        seeds={"looks": (3, 5, 10), "futility": True},
        scales={"laptop": {"seeds": {"looks": [2, 4]}}, "smoke": {"seeds": 2}},
    )  # fmt: skip

    assert made == read(LOOKED)


def test_written_and_read_again():
    study = read(LOOKED)

    assert read(write_study(study)) == study
    assert Study.model_validate_json(study.model_dump_json()) == study


@pytest.mark.parametrize(
    ("scale", "seeds", "expected"),
    [
        ("full", None, (10, (3, 5, 10), True)),
        ("laptop", None, (4, (2, 4), False)),
        ("smoke", None, (2, (), False)),
        ("full", [0, 1, 2], (3, (), False)),
        ("laptop", [0, 1, 2], (3, (), False)),
    ],
)
def test_a_scale_or_a_number_of_seeds_replaces_looks_and_all(scale, seeds, expected):
    study = at_scale(read(LOOKED), scale, seeds)

    assert (len(study.seeds), study.looks, study.futility) == expected


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ("{looks: [3]}", "seeds.looks: needs at least 2 looks"),
        ("{looks: []}", "seeds.looks: needs at least 2 looks"),
        ("{looks: [1, 3]}", "seeds.looks: a look needs at least 2 seeds, not 1"),
        ("{looks: [5, 3]}", "seeds.looks: each look needs more seeds than the one before"),
        ("{looks: [3, 3]}", "seeds.looks: each look needs more seeds than the one before"),
        ("{looks: 3}", "seeds.looks: must be a list of numbers of seeds"),
        ("{looks: [3, 1000]}", "seeds.looks: the last look may have at most 50 seeds, not 1000"),
        ("{looks: [3, 5], futility: 1}", "seeds.futility must be true or false"),
        ("{looks: [3, 5], futlity: true}", "seeds: unknown field 'futlity' (did you mean 'futility'?)"),
        ("{futility: true}", "seeds: looks are missing"),
    ],
)
def test_mistakes_are_said_once_with_their_line(seeds, said):
    assert refused(f"{HEAD}seeds: {seeds}\n").startswith(f"width.yaml:6: {said}")
    assert refused(f"{HEAD}scales:\n  smoke: {{seeds: {seeds}}}\n").startswith(f"width.yaml:7: scales.smoke.{said}")


def test_looks_stand_under_seeds_only():
    assert refused(HEAD + "looks: [3, 5]\n") == (
        "width.yaml:6: unknown field 'looks' (it stands under seeds: {looks: [3, 5, 10]})"
    )


def test_an_a_a_check_has_a_fixed_number_of_seeds():
    said = "an A/A check needs a fixed number of seeds, not looks"

    assert said in refused(HEAD + "seeds: {looks: [2, 3]}\nagain: [10, 11, 12]\n")
    with pytest.raises(InputError, match=said):
        at_scale(read(HEAD + "again: [10, 11, 12]\nscales: {laptop: {seeds: {looks: [2, 3]}}}\n"), "laptop")
