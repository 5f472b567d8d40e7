"""Claims as a study file declares them: what is checked, where a mistake stands, and what stays out of keys."""

import pytest
from pydantic import ValidationError

from ceteris.app.finding import built_in_studies, find_study
from ceteris.errors import InputError
from ceteris.study.arms import arms
from ceteris.study.claims import Claim, Expectation
from ceteris.study.reading import StudyFile, write_study
from ceteris.study.reported import Reported

STUDY = """\
name: activations
question: Does it matter?
baseline:
  data: digits
  model: {name: plain-cnn, activation: relu}
  optimizer: sgd
  epochs: 2
factors:
  - path: model.activation
    levels: [gelu, silu]
probes: [sharpness]
"""
CLAIMS = """\
claims:
  - text: GELU is best.
    all:
      - {measure: top1, arm: gelu, expect: higher}
      - {measure: top1, arm: gelu, than: silu, expect: higher, by: 0.01}
  - text: It curves less.
    all:
      - {measure: "probe:sharpness:trace", arm: gelu, expect: lower}
"""


def mistakes(claims):
    with pytest.raises(InputError) as caught:
        arms(StudyFile(STUDY + claims, "f.yaml").study())
    return [str(problem) for problem in caught.value.problems]


def test_a_study_file_declares_claims_and_is_written_back():
    study = StudyFile(STUDY + CLAIMS, "f.yaml").study()
    first, second = study.claims

    assert [(part.arm, part.than, part.by) for part in first.all] == [("gelu", None, None), ("gelu", "silu", 0.01)]
    assert (second.all[0].name, second.all[0].place) == ("probe", ["sharpness", "trace"])
    assert StudyFile(write_study(study), "g.yaml").study() == study


def test_claims_are_no_part_of_what_is_trained():
    assert arms(StudyFile(STUDY + CLAIMS, "f.yaml").study()) == arms(StudyFile(STUDY, "f.yaml").study())


def test_mistakes_stand_at_their_line():
    found = mistakes("""\
claims:
  - text: A
    all:
      - {measure: top_1, arm: gelu, expect: higher}
      - {measure: top1, arm: gelu, expect: best}
      - {measure: top1, arm: gelu, expect: higher, then: silu}
  - all: []
""")
    assert found == [
        "f.yaml:15: claims.0.all.0.measure: 'top_1' is not measured; did you mean 'top1'?",
        "f.yaml:16: claims.0.all.1.expect must be 'higher', 'lower', 'same', 'at-most' or 'did-not-learn', not 'best'",
        "f.yaml:17: unknown field 'then' (did you mean 'than'?)",
        "f.yaml:18: claims.1.text is missing",
        "f.yaml:18: claims.1.all must not be empty",
    ]


def test_arms_and_probes_that_the_study_does_not_have():
    assert mistakes(CLAIMS.replace("silu", "silo").replace("sharpness", "latency")) == [
        "claims.0.all.1.than: no arm is called 'silo' (did you mean 'silu'?)",
        "claims.1.all.0.measure: the study does not ask for the probe 'latency' (add it to the study's probes)",
    ]
    assert mistakes(CLAIMS.replace("arm: gelu, expect: higher}", "arm: relu, expect: higher}", 1)) == [
        "claims.0.all.0.arm: 'relu' is compared with itself (name another arm)"
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"measure": "status", "expect": "higher"}, "'did-not-learn' is what can be expected of 'status'"),
        ({"expect": "did-not-learn"}, "'did-not-learn' is what can be expected of 'status'"),
        ({"measure": "status", "expect": "did-not-learn", "than": "b"}, "takes neither 'than' nor 'by'"),
        ({"measure": "parameters", "expect": "at-most"}, "'at-most' needs 'by'"),
        ({"measure": "epochs", "expect": "same"}, "'same' needs 'by'"),
        ({"by": -0.1}, "greater than 0"),
        ({"value": 0.1, "than": "b"}, "'value' stands instead of 'than'"),
        ({"value": 0.1, "measure": "macs"}, "'value' stands instead of 'than'"),
        ({"value": 0.1, "expect": "at-most", "by": 0.5}, "'value' stands instead of 'than'"),
        ({"value": float("nan")}, "finite"),
        ({"measure": "validation_top1@0"}, "is not measured"),
        ({"measure": "probe:sharpness"}, "is not measured"),
        ({"measure": "probe:x:y:last/first"}, "is not measured"),
    ],
)
def test_what_does_not_fit_together_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        Expectation.model_validate({"measure": "top1", "arm": "a", "expect": "higher"} | fields)


def test_facts_are_exact_and_outcomes_of_training_are_tested():
    exact = {
        measure: Expectation(measure=measure, arm="a", expect="lower").exact
        for measure in ("parameters", "macs", "top1", "train_seconds", "epochs", "probe:x:y")
    }
    assert [measure for measure, known in exact.items() if known] == ["parameters", "macs"]
    assert Expectation(measure="status", arm="a", expect="did-not-learn").exact


def test_a_claim_needs_words_and_something_to_measure():
    for empty in ({"text": ""}, {"all": []}):
        with pytest.raises(ValidationError):
            Claim.model_validate(
                {"text": "It is so.", "all": [{"measure": "top1", "arm": "a", "expect": "lower"}]} | empty
            )


def test_printed_numbers_are_named_by_their_metric():
    assert Reported(top1=0.45, top5=0.7).numbers == {"top1": 0.45, "top5": 0.7}
    assert Reported(top5=0.7).numbers == {"top5": 0.7}
    with pytest.raises(ValidationError, match="give the number that was printed"):
        Reported(source="a report")


@pytest.mark.parametrize("name", built_in_studies())
def test_every_built_in_study_says_what_it_expects(name):
    study, _ = find_study(name)
    names = {arm.name for arm in arms(study)}
    assert study.claims
    assert {part.arm for claim in study.claims for part in claim.all} <= names
