"""Which classes are taken for which, how two arms differ in that, and which images every trial gets wrong."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ceteris.report.evidence import ArmEvidence, Evidence, Trial
from ceteris.stats.metrics import confusion_matrix


@dataclass(frozen=True)
class Example:
    """One test image: `source` is a PNG data URI, `image` its index in the test set."""

    image: int
    label: str
    predicted: str
    source: str


@dataclass(frozen=True)
class Pair:
    """Images of class `label` taken for `predicted`: their share of the class per arm (mean over trials)."""

    label: str
    predicted: str
    shares: tuple[float | None, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Hardest:
    """Images that every trial gets wrong: how many, of how many, from how many trials, and some to look at."""

    wrong: int
    images: int
    trials: int
    examples: tuple[Example, ...]


class Confusions:
    """The test predictions of all scored trials of a study whose arms tell the same classes apart."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.classes = evidence.baseline.planned.data.classes

    @cached_property
    def counts(self) -> dict[str, dict[int, np.ndarray]]:
        """Arm -> seed -> test images [true class, predicted class]."""
        found: dict[str, dict[int, np.ndarray]] = {}
        for arm in self.evidence.arms:
            for trial in _predicting(arm):
                arrays = trial.record.predictions if trial.record else {}
                matrix = confusion_matrix(arrays["labels"], arrays["predicted"], len(self.classes))
                found.setdefault(arm.name, {})[trial.seed] = matrix
        return found

    @cached_property
    def rates(self) -> dict[str, dict[int, np.ndarray]]:
        """Arm -> seed -> shares [true class, predicted class]; each row sums to 1, or to 0 for a class not tested."""
        return {
            arm: {seed: matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1) for seed, matrix in seeds.items()}
            for arm, seeds in self.counts.items()
        }

    def mean(self, arm: ArmEvidence) -> np.ndarray | None:
        """Mean shares [classes, classes] over the arm's trials; None without predictions."""
        rates = self.rates.get(arm.name)
        return np.mean(list(rates.values()), axis=0) if rates else None

    def difference(self, arm: ArmEvidence) -> tuple[np.ndarray, np.ndarray] | None:
        """(arm - baseline, whether its t interval over the shared seeds excludes 0), both [classes, classes].

        The intervals are each at 1 - alpha, not adjusted for the number of cells: they only fade what is noise.
        """
        mine, theirs = self.rates.get(arm.name), self.rates.get(self.evidence.baseline.name)
        shared = [seed for seed in mine or {} if seed in (theirs or {})]
        if not mine or not theirs or not shared:
            return None
        paired = np.array([mine[seed] - theirs[seed] for seed in shared])
        mean = paired.mean(axis=0)
        if len(shared) < 2:
            return mean, np.zeros(mean.shape, bool)
        from scipy.special import stdtrit

        error = paired.std(axis=0, ddof=1) / np.sqrt(len(shared))
        reach = stdtrit(len(shared) - 1, 1 - self.evidence.plan.study.alpha / 2) * error
        return mean, (np.abs(mean) > reach) & (error > 0)

    def pairs(self, most: int = 6, examples: int = 6) -> list[Pair]:
        """The most confused ordered pairs of classes, by the mean of the arms' shares."""
        means = [self.mean(arm) for arm in self.evidence.arms]
        known = [mean for mean in means if mean is not None]
        if not known:
            return []
        overall = np.mean(known, axis=0)
        np.fill_diagonal(overall, 0)
        order = np.argsort(-overall, axis=None, kind="stable")[:most]
        cells = [divmod(int(place), len(self.classes)) for place in order if overall.flat[place] > 0]
        return [
            Pair(
                self.classes[true],
                self.classes[taken],
                tuple(None if mean is None else float(mean[true, taken]) for mean in means),
                tuple(self._examples(examples, cell=(true, taken))),
            )
            for true, taken in cells
        ]

    def hardest(self, most: int = 18) -> Hardest | None:
        """Images that every scored trial gets wrong; None when trials were tested on different images."""
        trials = [trial for arm in self.evidence.arms for trial in _predicting(arm)]
        arrays = [trial.record.predictions for trial in trials if trial.record]
        if len(arrays) < 2 or any(not np.array_equal(a["image"], arrays[0]["image"]) for a in arrays[1:]):
            return None
        wrong = np.all([a["predicted"] != a["labels"] for a in arrays], axis=0)
        images = {int(image) for image in arrays[0]["image"][wrong]}
        shown = self._examples(most, among=images)
        return Hardest(len(images), len(wrong), len(arrays), tuple(shown))

    def _examples(
        self, most: int, *, cell: tuple[int, int] | None = None, among: set[int] | None = None
    ) -> Iterator[Example]:
        """Recorded examples of one (true, predicted) pair, or of some images; each image once."""
        shown: set[int] = set()
        for trial in self.evidence.trials:
            arrays = trial.record.examples if trial.record else {}
            for place, image in enumerate(arrays.get("image", ())):
                label, guess = int(arrays["labels"][place]), int(arrays["predicted"][place])
                fits = cell in (None, (label, guess)) and (among is None or int(image) in among)
                if fits and int(image) not in shown and len(shown) < most:
                    shown.add(int(image))
                    source = data_uri(arrays["pixels"][place])
                    yield Example(int(image), self.classes[label], self.classes[guess], source)


def data_uri(pixels: np.ndarray) -> str:
    """uint8 [h, w, 1 or 3] as a PNG data URI, at its own size."""
    from PIL import Image

    squeezed = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(squeezed)).save(content, format="png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")


def _predicting(arm: ArmEvidence) -> list[Trial]:
    return [trial for trial in arm.scored if trial.record and "predicted" in trial.record.predictions]
