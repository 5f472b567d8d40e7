"""The same training with Lightning, as its own tutorials write it, on the usual data loader."""

from __future__ import annotations

import tempfile

import torch
from torch.nn import functional

from bench.cases import Case
from bench.meter import Meter, Over
from bench.torchvision_here import prepare
from bench.usual import loader, network, optimizer
from ceteris.data.source import Images

prepare()  # Lightning imports torchmetrics, which imports torchvision
import lightning as L  # noqa: E402


class LitModel(L.LightningModule):
    """A network, its loss and its optimizer."""

    def __init__(self, one: Case) -> None:
        super().__init__()
        self.one, self.model = one, network(one)

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], batch_idx: int) -> torch.Tensor:
        x, y = batch
        loss = functional.cross_entropy(self.model(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return optimizer(self.one, self.model)


class Metered(L.Callback):
    """Tells the meter of every step."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def on_train_batch_end(self, *args: object, **kwargs: object) -> None:
        self.meter.step()


def speed(one: Case, images: Images, meter: Meter) -> list[float]:
    """Images per second of the stretches of a training."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = L.Trainer(max_epochs=10_000, default_root_dir=folder, callbacks=[Metered(meter)])
        try:
            trainer.fit(LitModel(one), loader(images))
        except Over:
            return meter.rates
    raise AssertionError("the training ended before the meter did")
