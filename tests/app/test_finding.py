import pytest

from ceteris.app.finding import built_in_studies, find_study, seed_list, set_values
from ceteris.errors import InputError


@pytest.mark.parametrize("name", built_in_studies())
def test_built_in_studies_are_found_by_name_and_say_how_long_they_take(name):
    study, locate = find_study(name)
    assert study.name == name
    assert {"full", "smoke"} <= set(study.scales)
    assert all(scale.about for scale in study.scales.values())
    assert locate(("baseline",)).startswith(f"{name}.yaml:")


def test_settings_are_yaml_values():
    found = set_values(
        ("epochs=3", "optimizer.lr=1e-3", "augment=[flip]", "early_stopping=null", "model.activation=relu")
    )
    assert found == {
        "epochs": 3,
        "optimizer.lr": 0.001,
        "augment": ["flip"],
        "early_stopping": None,
        "model.activation": "relu",
    }


@pytest.mark.parametrize("text", ["epochs", "=3", "epochs=[1", "x=!!python/object/apply:os.system [true]"])
def test_settings_that_are_none(text):
    with pytest.raises(InputError, match="--set"):
        set_values((text,))


def test_seed_counts():
    assert seed_list(None) is None
    assert seed_list(3) == [0, 1, 2]
    with pytest.raises(InputError, match="at least 1 seed"):
        seed_list(-1)


def test_a_file_wins_over_nothing_and_a_module_is_found_in_the_working_folder(tmp_path, ran):
    (tmp_path / "from_here.py").write_text(
        f"from ceteris.app.finding import find_study\nstudy = find_study({str(ran / 'tiny.yaml')!r})[0]\nother = 3\n"
    )
    assert find_study("from_here:study")[0].name == "tiny"
    with pytest.raises(InputError, match="did you mean 'study'"):
        find_study("from_here:studi")
    with pytest.raises(InputError, match="no Study called 'other'"):
        find_study("from_here:other")
