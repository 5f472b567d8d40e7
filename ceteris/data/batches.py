"""Batches for training and evaluation: uint8 until the last moment, augmented and normalised a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.nn import functional

from ceteris.data.augment.kind import Alternating, Augmentation, Draws, Mixing
from ceteris.data.source import Images
from ceteris.errors import InputError, Problem
from ceteris.study.streams import stream

Batch = tuple[torch.Tensor, torch.Tensor]
SHARE_OF_FREE_MEMORY = 0.25
"""Images stay on an accelerator when they fill at most this share of its free memory."""
PIXELS_AT_ONCE, IMAGES_AT_ONCE = 2**20, 2**16
"""Summed at once, at most; the squared 8-bit values of so many images fit a 32-bit sum."""


class Batches:
    """A subset of images as batches: inputs float32 [b, channels, size, size] in channels_last, labels int64 [b].

    Where an augmentation mixes images, the labels of `epoch` are shares of the classes, float32 [b, classes].
    Normalisation is one multiply-add: `pixel / 255` minus `mean`, divided by `std`.
    """

    def __init__(  # noqa: PLR0917
        self,
        images: Images,
        index: np.ndarray,
        mean: np.ndarray,
        std: np.ndarray,
        batch_size: int,
        device: torch.device | str,
        augment: Sequence[tuple[str, Augmentation]] = (),
    ) -> None:
        """Keep the images on an accelerator when they fit there, else read them batch by batch.

        Args:
            images: perhaps memory-mapped; never written to.
            index: int64 [n], which of them, in the order in which `in_order` gives them.
            mean, std: per channel, of values in [0, 1].
            batch_size: images per batch; the last one is smaller.
            device: where batches go.
            augment: (name, augmentation) in order, for `epoch` only.

        Raises InputError when mean or std do not have one number per channel.
        """
        self.device, self.batch_size = torch.device(device), batch_size
        self.image_size, self.channels = images.pixels.shape[1], images.pixels.shape[3]
        for name, values in (("mean", mean), ("std", std)):
            if len(values) != self.channels:
                what = f"{len(values)} numbers for images of {self.channels} channels"
                raise InputError(Problem(what, f"normalize.{name}", "give one per channel"))
        scale = 1 / (255 * np.asarray(std, np.float64))
        shift = -np.asarray(mean, np.float64) / np.asarray(std, np.float64)
        self._scale, self._shift = (self._row(values) for values in (scale, shift))
        self._pixels, self._index = images.pixels, index
        self._labels = self._on_device(images.labels[index].astype(np.int64))
        self._classes = int(images.labels.max()) + 1
        self._resident = self._kept_on_device()
        self._augment = list(
            zip(_stream_names([name for name, _ in augment]), [one for _, one in augment], strict=True)
        )

    def __len__(self) -> int:
        return len(self._index)

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return -(-len(self) // self.batch_size)

    @property
    def resident(self) -> bool:
        """Whether the images lie on an accelerator, so that a batch needs nothing from the host."""
        return self._resident is not None

    def epoch(self, seed: int, epoch: int, at_once: int = 1, start: int = 0) -> Iterator[Batch]:
        """Every image once, shuffled and augmented.

        The order comes from the stream `order/<epoch>`, the draws from `augment/<epoch>/<name>` (a second one of the
        same name: `<name>.2`), all before the first batch: none depends on the batch size or on another. Only
        the first image of a batch finds its partner for mixing by the batch's end, see `Mixing`.

        Args:
            seed, epoch: name the streams.
            at_once: so many batches are augmented in one pass and come as one, to be split by `batch_size`: an
                accelerator is then not kept waiting for small operations. Where images are mixed, always one.
            start: batches to leave out, to go on inside an epoch.
        """
        order = stream(seed, f"order/{epoch}").permutation(len(self))
        draws = [
            {key: self._on_device(values) for key, values in self._drawn(one, name, seed, epoch, order).items()}
            for name, one in self._augment
        ]
        mixers = {name: one for name, one in self._augment if isinstance(one, Mixing)}
        for rows, pixels, labels in self._gathered(order, 1 if mixers else at_once, start):
            targets = functional.one_hot(labels, self._classes).float() if mixers else labels
            for (name, augmentation), drawn in zip(self._augment, draws, strict=True):
                own = {key: values[rows] for key, values in drawn.items()}
                pixels = augmentation(pixels, own)  # noqa: PLW2901
                if name in mixers:
                    targets = mixers[name].mix_labels(targets, own)
            yield self._normalised(pixels), targets

    def _drawn(self, one: Augmentation, name: str, seed: int, epoch: int, order: np.ndarray) -> Draws:
        if not isinstance(one, Alternating):
            return one.draw(stream(seed, f"augment/{epoch}/{name}"), len(self), self.image_size)
        first = one.draw(stream(seed, f"augment/1/{name}"), len(self), self.image_size)
        own = first if epoch % 2 else one.turn(first)
        return {key: values[order] for key, values in own.items()}  # an image's own, wherever the epoch shows it

    def in_order(self) -> Iterator[Batch]:
        """Every image once, in the order of the index, not augmented."""
        return map(self.batch, range(self.steps))

    def batch(self, number: int) -> Batch:
        """That batch of `in_order`, counted from 0. May be called from several threads at a time."""
        rows = slice(number * self.batch_size, (number + 1) * self.batch_size)
        if self._resident is not None:
            pixels = self._resident[rows]
        else:
            pixels = self._on_device(np.take(self._pixels, self._index[rows], axis=0))
        return self._normalised(pixels), self._labels[rows]

    def at(self, rows: np.ndarray) -> Batch:
        """The images at those rows of the index, int64 [n], not augmented."""
        pixels, labels = self._taken(rows, self._on_device(rows))
        return self._normalised(pixels), labels

    def _gathered(
        self, order: np.ndarray, at_once: int, start: int
    ) -> Iterator[tuple[slice, torch.Tensor, torch.Tensor]]:
        placed, size = self._on_device(order), at_once * self.batch_size
        for first in range(start * self.batch_size, len(order), size):
            rows = slice(first, first + size)
            yield rows, *self._taken(order[rows], placed[rows])

    def _taken(self, rows: np.ndarray, placed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels and labels at those rows of the index, which lie on the device as well."""
        labels = self._labels.index_select(0, placed)
        if self._resident is not None:
            return self._resident.index_select(0, placed), labels
        return self._on_device(np.take(self._pixels, self._index[rows], axis=0)), labels

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        # Whole rows of pixels at once: a loop over 1 or 3 channels innermost would take eight times as long.
        rows = pixels.reshape(-1, self.image_size * self.channels).float()
        return torch.addcmul(self._shift, rows, self._scale).view(pixels.shape).permute(0, 3, 1, 2)

    def _row(self, per_channel: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.tile(per_channel.astype(np.float32), self.image_size)).to(self.device)

    def _on_device(self, values: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(values)
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _kept_on_device(self) -> torch.Tensor | None:
        size = len(self._index) * self.image_size**2 * self.channels
        if self.device.type == "cpu" or size > SHARE_OF_FREE_MEMORY * _free_memory(self.device):
            return None
        return torch.from_numpy(np.take(self._pixels, self._index, axis=0)).to(self.device)


def channel_statistics(images: Images, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (population) per channel, float64 [channels], of values in [0, 1].

    From whole-number sums, so exact and the same everywhere. Raises InputError for a channel that never varies.
    """
    size, channels = images.pixels.shape[1], images.pixels.shape[3]
    sums, squares = [0] * channels, [0] * channels
    at_once = max(1, min(IMAGES_AT_ONCE, PIXELS_AT_ONCE // size**2))
    for start in range(0, len(index), at_once):
        values = np.take(images.pixels, index[start : start + at_once], axis=0).reshape(-1, size * size * channels)
        for totals, terms in ((sums, values), (squares, np.square(values, dtype=np.uint16))):
            added = terms.sum(axis=0, dtype=np.uint32).reshape(-1, channels).sum(axis=0, dtype=np.uint64)
            totals[:] = [total + int(more) for total, more in zip(totals, added, strict=True)]
    count = len(index) * size * size
    variances = [count * square - total**2 for total, square in zip(sums, squares, strict=True)]
    if not all(variances):
        what = f"channel {variances.index(0)} has the same value in every training image"
        raise InputError(Problem(what, "normalize", "give mean and std in the recipe"))
    mean = np.array([total / (255 * count) for total in sums])
    return mean, np.sqrt([variance / (255 * count) ** 2 for variance in variances])


def _stream_names(names: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    streams = []
    for name in names:
        seen[name] += 1
        streams.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return streams


def _free_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return 0
