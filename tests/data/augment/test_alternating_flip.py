import numpy as np
import torch

from ceteris.data.augment.alternating_flip import alternating_flip
from ceteris.data.batches import Batches
from ceteris.data.source import Images


def mirrored_by_epoch(images, epochs):
    """bool [epochs, images]: whether each image comes mirrored; its left column is 0 and its right one its number."""
    pixels = np.zeros((images, 4, 4, 1), np.uint8)
    pixels[:, :, 3, 0] = np.arange(1, images + 1)[:, None]
    shown = Images(pixels, np.arange(images))
    batches = Batches(
        shown, np.arange(images), np.zeros(1), np.ones(1), 7, "cpu", [("alternating-flip", alternating_flip())]
    )
    found = np.zeros((epochs, images), bool)
    for epoch in range(epochs):
        for inputs, labels in batches.epoch(3, epoch + 1):
            found[epoch, labels] = (inputs[:, 0, 0, 0] > 0).numpy()
    return found


def test_every_image_changes_its_side_from_epoch_to_epoch():
    mirrored = mirrored_by_epoch(50, 4)
    assert 10 < mirrored[0].sum() < 40
    assert np.array_equal(mirrored[1], ~mirrored[0])
    assert np.array_equal(mirrored[2], mirrored[0])
    assert np.array_equal(mirrored[3], mirrored[1])


def test_only_the_drawn_images_are_mirrored_left_to_right():
    pixels = torch.arange(32, dtype=torch.uint8).view(2, 4, 4, 1)
    got = alternating_flip()(pixels, {"mirrored": torch.tensor([True, False])})
    assert torch.equal(got, torch.stack([pixels[0].flip(1), pixels[1]]))
