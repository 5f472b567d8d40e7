"""Study files: what a user meant, what a user got wrong, and what an attacker tried."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ceteris.errors import InputError
from ceteris.study.reading import LARGEST_FILE, StudyFile, read_study, write_study
from ceteris.study.vocabulary import Factor, Recipe, Scale, Study

GOOD = """\
name: activations
question: Does it matter?
baseline:
  data: digits
  model: {name: plain-cnn, activation: relu}
  optimizer: {name: sgd, lr: 1e-3}
  epochs: 2
factors:
  - path: model.activation
    levels: [gelu, silu]
"""


def mistakes(text):
    with pytest.raises(InputError) as caught:
        StudyFile(text, "f.yaml").study()
    return [str(problem) for problem in caught.value.problems]


def study(text):
    return StudyFile(text, "f.yaml").study()


def test_yaml_and_python_give_equal_studies():
    in_python = Study(
        name="activations",
        question="Does it matter?",
        baseline=Recipe(
            data="digits",
            model={"name": "plain-cnn", "activation": "relu"},
            optimizer={"name": "sgd", "lr": 0.001},
            epochs=2,
        ),
        factors=[Factor("model.activation", ["gelu", "silu"])],
    )
    assert study(GOOD) == in_python


def test_a_small_number_is_a_number_and_a_word_is_a_word():
    found = study(GOOD.replace("[gelu, silu]", "[no, off, 1e-2, 010, 1:30]"))

    assert found.baseline.optimizer.options == {"lr": 0.001}
    assert list(found.factors[0].levels.values()) == ["no", "off", 0.01, 10, "1:30"]


def test_no_where_true_or_false_is_meant_says_what_to_write():
    assert mistakes(GOOD + "sealed_test_curve: no\n") == [
        "f.yaml:11: sealed_test_curve must be true or false, not 'no'"
    ]


def test_every_mistake_is_reported_at_once_with_its_line():
    found = mistakes("""\
name: Bad Name
qestion: what?
baseline:
  data: digits
  modle: cnn
  optimizer: {name: sgd}
  epochs: 0
  split: {validaton: 0.2, seed: -1}
  batch_size: "128"
factors:
  - path: Model
    levels: []
  - levels: [a]
seeds: 0
metric: top2
scales: {laptop: {sed: 3}}
reported: {a: 76}
""")
    assert sorted(found) == sorted([
        "f.yaml:1: name: must be lower-case letters, digits and hyphens, as it names a folder",
        "f.yaml:1: question is missing",
        "f.yaml:2: unknown field 'qestion' (did you mean 'question'?)",
        "f.yaml:3: baseline.model is missing",
        "f.yaml:5: unknown field 'modle' (did you mean 'model'?)",
        "f.yaml:7: baseline.epochs must be greater than 0, not 0",
        "f.yaml:8: baseline.split.seed must be greater than or equal to 0, not -1",
        "f.yaml:8: unknown field 'validaton' (did you mean 'validation'?)",
        "f.yaml:9: baseline.batch_size must be a whole number, not '128'",
        "f.yaml:11: factors.0.path must be lower-case words joined by dots, not 'Model'",
        "f.yaml:12: factors.0.levels must not be empty",
        "f.yaml:13: factors.1.path is missing",
        "f.yaml:14: seeds: needs at least 1 seed and at most 1,000, not 0",
        "f.yaml:15: metric must be 'top1' or 'top5', not 'top2'",
        "f.yaml:16: unknown field 'sed' (did you mean 'seeds'?)",
        "f.yaml:17: reported.a must be a mapping of fields, not 76",
    ])  # fmt: skip


def test_an_a_a_check_has_as_many_seeds_and_all_of_its_own():
    assert study(GOOD.split("factors", maxsplit=1)[0] + "again: [7, 8, 9]\n").again == [7, 8, 9]
    assert mistakes(GOOD + "again: [7, 8]\n") == [
        "f.yaml:11: again: an A/A check needs as many seeds as 'seeds' has, 3, not 2"
    ]
    assert mistakes(GOOD + "seeds: [4, 7]\nagain: [7, 8]\n") == [
        "f.yaml:12: again: an A/A check needs seeds of its own, and 7 is in 'seeds' too"
    ]
    assert mistakes(GOOD.split("factors", maxsplit=1)[0]) == [
        "f.yaml:1: the study: nothing changes: give at least one factor or one variant"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.yaml:1: a study file is a mapping"),
        ("- a\n- b\n", "f.yaml:1: a study file is a mapping"),
        ("just words", "f.yaml:1: a study file is a mapping"),
        ("name:\tx\n\tb: 1\n", "f.yaml:1: not valid YAML"),
        ("name: [a\n", "f.yaml:2: not valid YAML"),
        (GOOD + "name: again\n", "f.yaml:11: not valid YAML: found duplicate key"),
        (GOOD + "notes: [!!python/object/apply:os.system 'true']\n", "f.yaml:11: tag:yaml.org,2002:python/object"),
        (GOOD + "scales: !!python/object:os.Path {a: {}}\n", "f.yaml:11: tag:yaml.org,2002:python/object"),
        (GOOD.replace("[gelu, silu]", "!mine [gelu]"), "f.yaml:10: !mine is not a value"),
        (GOOD.replace("Does it matter?", "2020-01-01"), "f.yaml:2: date is not a value"),
        (GOOD + "reported: {null: {value: 0.5}}\n", "f.yaml:11: None cannot name a field"),
        (GOOD.replace("1e-3", ".nan"), "f.yaml:6: baseline.optimizer: nan is not a number"),
        (GOOD.replace("1e-3", "-.inf"), "f.yaml:6: baseline.optimizer: -inf is not a number"),
        (GOOD.replace("[gelu, silu]", "[on, true]"), "f.yaml:10: factors.0.levels: two levels are called 'on'"),
        (GOOD + "seeds: 20240101\n", "f.yaml:11: seeds: needs at least 1 seed and at most 1,000"),
        (GOOD + "seeds: [1, 1]\n", "f.yaml:11: seeds: a seed is listed twice"),
        (GOOD + "notes: " + "[" * 400 + "]" * 400, "f.yaml:11: nested more than 50 levels deep"),
        (GOOD + "notes: &a [*a]\n", "f.yaml:11: "),
        (GOOD + "scales:\n  laptop: &a {about: x}\n  smoke: {<<: *a}\n", "f.yaml:13: merge keys (<<) are not read"),
        (GOOD + "notes: &a\n  <<: *a\n", "f.yaml:12: merge keys (<<) are not read"),
        (GOOD + 'notes: ["a\\0b"]\n', "f.yaml:11: '\\x00' is not a character"),
        (GOOD + 'notes: ["a\\ud800b"]\n', "f.yaml:11: '\\ud800' is not a character"),
        (GOOD + 'notes: ["a\\UFFFFFFFFb"]\n', "f.yaml: not valid YAML"),
        (GOOD + "notes: [" + "a," * 9000 + "a]\n", "f.yaml:11: more than 5,000 values"),
    ],
)
def test_what_is_no_study_file_is_refused_with_its_line(text, said):
    assert mistakes(text)[0].startswith(said)


def test_an_alias_bomb_is_refused_before_it_unfolds():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for depth in range(1, 12):
        bomb += f"a{depth}: &a{depth} [{', '.join([f'*a{depth - 1}'] * 9)}]\n"

    assert "aliases unfold into too many values" in mistakes(GOOD + bomb)[0]


def test_an_alias_is_the_value_it_stands_for():
    text = GOOD.replace("2\nfactors", "&two 2\nseeds: *two\nsealed_test_curve: &on true\nfactors")

    assert study(text).seeds == [0, 1]
    assert study(text).sealed_test_curve is True


def test_files_that_cannot_be_read_are_named(tmp_path):
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_text("#" * (LARGEST_FILE + 1))
    binary.write_bytes(b"\xff\xfe\x00")
    for path, said in [
        (tmp_path / "none.yaml", "cannot be read"), (tmp_path, "cannot be read"),
        (large, "too large"), (binary, "not UTF-8"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=said) as caught:
            read_study(path)
        assert caught.value.problems[0].where == str(path)


def test_a_file_is_read_from_disk(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(GOOD)

    assert read_study(path).study() == study(GOOD)
    assert read_study(path).line(("baseline", "epochs")) == f"{path}:7"
    assert read_study(path).line(("baseline", "batch_size")) == f"{path}:3"


words = st.text(string.ascii_letters + string.digits + " .:-+_#*&!?'\"{}[]é学%@,\n", min_size=1, max_size=12)
awkward = st.sampled_from(
    ["no", "off", "null", "~", "1e-3", "0x10", "010", "1_000", "12:30", "true", ".nan", "=", "<<"]
)
scalars = words | awkward | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
options = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3)
fractions = st.floats(0.001, 0.5)


@st.composite
def any_study(draw):
    part = st.builds(lambda name, given: {"name": name} | given, words | awkward, options)
    recipe = Recipe(
        data=draw(part), model=draw(part), optimizer=draw(part), epochs=draw(st.integers(1, 99)),
        augment=draw(st.lists(part, max_size=2)), precision=draw(st.sampled_from(["fp32", "bf16"])),
    )  # fmt: skip
    return Study(
        name="study", question=draw(words), baseline=recipe, baseline_name=draw(st.none() | words | awkward),
        factors=[Factor("model.a", draw(st.dictionaries(words | awkward, values, min_size=1, max_size=3)))],
        variants=draw(st.dictionaries(words, st.fixed_dictionaries({"epochs": st.integers(1, 9)}), max_size=2)),
        seeds=draw(st.integers(1, 9) | st.lists(st.integers(0, 2**70), min_size=1, max_size=3, unique=True)),
        margin=draw(fractions), alpha=draw(st.floats(0.001, 0.4)), notes=draw(st.lists(words | awkward, max_size=2)),
        scales={"laptop": Scale(set=draw(options), seeds=draw(st.none() | st.integers(1, 3)), about=draw(words))},
        assumed=draw(st.dictionaries(words, words | awkward, max_size=2)),
    )  # fmt: skip


@given(any_study())
def test_what_is_written_reads_back_equal(written):
    assert study(write_study(written)) == written


def read_or_refused(text):
    """Never anything but a study or an error in words."""
    try:
        StudyFile(text, "f.yaml").study()
    except InputError as error:
        assert all(problem.what for problem in error.problems)  # noqa: PT017 - either is right


@given(st.text(max_size=300) | st.text("{}[]:,&*!|>-?#%@`'\" \n\tab01.~<", max_size=120))
def test_any_text_is_read_or_refused_in_words(text):
    read_or_refused(text)


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 20), st.text("{}[]:,&*!|>-?#%\n 01.ea~\ud800", max_size=6)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_any_edit_of_a_study_is_read_or_refused_in_words(edits):
    text = GOOD
    for at, dropped, added in edits:
        text = text[:at] + added + text[at + dropped :]
    read_or_refused(text)


@example(b"+_")  # the parser takes it for a number, and finds no digit
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "study.yaml"
    file.write_bytes(content)
    try:
        read_study(file).study()
    except InputError as error:
        assert str(file) in str(error)  # noqa: PT017 - either is right


def test_a_file_of_nothing_but_lines_is_refused_before_it_is_parsed(tmp_path):
    (tmp_path / "study.yaml").write_text("#\n" * 45_000)
    with pytest.raises(InputError, match="more than 5,000 lines"):
        read_study(tmp_path / "study.yaml")
