"""The mode of every module comes back, whatever happened inside."""

import pytest
from torch import nn

from ceteris.probes.evaluation import evaluating


def test_each_module_gets_its_own_mode_back():
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1), nn.Dropout())
    model[1].eval()

    def interrupted():
        with evaluating(model):
            assert not any(module.training for module in model.modules())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert [module.training for module in model.modules()] == [True, True, False, True]
