import json

import pytest

from ceteris.app.screen import duration, print_json


def test_json_has_no_nan(capsys):
    print_json({"a": [float("nan"), float("inf"), 1.5], "名": None})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "名": None}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (600, "10 min"), (7200, "2.0 h"), (259_200, "3.0 days")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
