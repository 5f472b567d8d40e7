"""For all tests: torchmetrics, an oracle, imports torchvision where it is installed, as it is for the benchmark."""

import importlib.util

if importlib.util.find_spec("torchvision"):
    from bench.torchvision_here import prepare

    prepare()
