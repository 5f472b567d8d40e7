"""How a study pays for several contrasts: declared, and only where it fits."""

import pytest

from ceteris.errors import InputError
from ceteris.study.reading import StudyFile, write_study

STUDY = """\
name: widths
question: Does it matter?
baseline: {data: digits, model: lenet, optimizer: sgd, epochs: 2}
factors: [{path: model.width, levels: [8]}]
"""


def study(more):
    return StudyFile(STUDY + more, "f.yaml").study()


def test_holm_is_the_rule_where_nothing_is_declared():
    assert study("").correction == "holm"
    assert "correction" not in write_study(study(""))


@pytest.mark.parametrize("more", ["correction: dunnett\npairing: independent\n", "correction: exploratory\n"])
def test_a_declared_correction_is_kept(more):
    made = study(more)

    assert made.correction in more
    assert StudyFile(write_study(made), "again.yaml").study() == made


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("correction: dunnett\n", "correction 'dunnett' tests independent seeds: add 'pairing: independent'"),
        (
            "correction: dunnett\npairing: independent\nseeds: {looks: [3, 5]}\n",
            "'dunnett' is for a fixed number of seeds",
        ),
        (
            "correction: exploratory\nseeds: {looks: [3, 5]}\n",
            "correction 'exploratory' is for a fixed number of seeds",
        ),
        ("correction: bonferroni\n", "correction must be 'holm', 'dunnett' or 'exploratory', not 'bonferroni'"),
    ],
)
def test_what_does_not_fit_is_refused(more, said):
    with pytest.raises(InputError) as caught:
        study(more)
    assert said in str(caught.value)
    assert "f.yaml:" in str(caught.value)
