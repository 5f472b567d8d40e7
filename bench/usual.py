"""The usual script: what torch's own CIFAR-10 tutorial does, with the augmentation that everybody adds to it.

Images pass one by one through torchvision's transforms in two worker processes; layout, threads and optimizer are
torch's defaults.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from bench import cases
from bench.cases import BATCH, MEAN, STD, Case
from bench.meter import Meter, Over
from bench.torchvision_here import prepare
from ceteris.data.source import Images

LOADER_WORKERS = 2


class Cifar(Dataset[tuple[torch.Tensor, int]]):
    """As `torchvision.datasets.CIFAR10`: an array, a Pillow image of each, a transform."""

    def __init__(self, data: np.ndarray, targets: list[int], transform: Callable[[Image.Image], torch.Tensor]) -> None:
        self.data, self.targets, self.transform = data, targets, transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def loader(
    images: Images, *, workers: int = LOADER_WORKERS, pinned: bool = False
) -> DataLoader[tuple[torch.Tensor, int]]:
    """Shuffled batches through worker processes."""
    prepare()
    from torchvision import transforms

    transform = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    trainset = Cifar(images.pixels, images.labels.tolist(), transform)
    return DataLoader(trainset, batch_size=BATCH, shuffle=True, num_workers=workers, pin_memory=pinned)


def network(one: Case) -> nn.Module:
    """The same network, with every activation before its pooling, as tutorials write it."""
    model: nn.Module = cases.network(one.model)
    for name, module in list(model.named_modules()):
        layers = dict(module.named_children())
        if list(layers) == ["pool", "activation"]:
            order = OrderedDict((key, layers[key]) for key in ("activation", "pool"))
            model.set_submodule(name, nn.Sequential(order))
    return model


def optimizer(one: Case, model: nn.Module) -> torch.optim.Optimizer:
    """torch's own, as its documentation calls it."""
    options = {name: value for name, value in one.optimizer.items() if name != "name"}
    kinds = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    return kinds[one.optimizer["name"]](model.parameters(), **options)


def speed(one: Case, images: Images, meter: Meter) -> list[float]:
    """Images per second of the stretches of a training."""
    until_over(one, images, meter.step)
    return meter.rates


def until_over(one: Case, images: Images, stepped: Callable[[], None], *, workers: int = LOADER_WORKERS) -> None:
    """Train until `stepped`, called after each step, raises Over.

    bf16 is as torch's page on automatic mixed precision has it.
    """
    trainloader, net = loader(images, workers=workers), network(one)
    criterion, optim = nn.CrossEntropyLoss(), optimizer(one, net)
    running_loss = 0.0
    try:
        while True:
            for inputs, labels in trainloader:
                optim.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=one.precision == "bf16"):
                    outputs = net(inputs)
                    loss = criterion(outputs, labels)
                loss.backward()
                optim.step()
                running_loss += loss.item()
                stepped()
    except Over:
        return
