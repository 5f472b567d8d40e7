"""Two blobs are told apart; principal components against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from torch import nn

from ceteris.errors import InputError
from ceteris.probes.embedding import embedding, neighbour_embedding, penultimate_features, principal_components
from ceteris.study.streams import stream


def blobs(n=60, d=8):
    """Two clouds of unit spread, 10 apart."""
    labels = np.arange(n) % 2
    points = stream(0, "blobs").standard_normal((n, d))
    points[:, 3] += 10 * labels
    return points.astype(np.float32), labels


def test_the_first_principal_component_separates_two_blobs():
    points, labels = blobs()
    coordinates, share = principal_components(points)
    assert ((coordinates[:, 0] > 0) == labels).all()
    assert share[0] > 0.7
    assert coordinates.shape == (60, 2)


def test_principal_components_agree_with_sklearn():
    points, _ = blobs()
    coordinates, share = principal_components(points, 3)
    theirs = PCA(3).fit(points.astype(np.float64))
    np.testing.assert_allclose(np.abs(coordinates), np.abs(theirs.transform(points)), atol=1e-4)
    np.testing.assert_allclose(share, theirs.explained_variance_ratio_, rtol=1e-5)


def test_signs_depend_on_the_points_alone():
    points, _ = blobs()
    forwards, _ = principal_components(points)
    backwards, _ = principal_components(points[::-1])
    np.testing.assert_allclose(backwards[::-1], forwards, atol=1e-9)


def test_points_that_are_all_the_same_lie_at_the_origin():
    coordinates, share = principal_components(np.ones((5, 3), np.float32))
    assert not coordinates.any()
    assert share.tolist() == [0, 0]


@pytest.mark.parametrize("n", [60, 8])
def test_neighbours_keep_two_blobs_apart_and_the_state_decides(n):
    points, labels = blobs(n)
    coordinates = neighbour_embedding(points, 4)
    assert coordinates.shape == (n, 2)
    np.testing.assert_array_equal(neighbour_embedding(points, 4), coordinates)
    assert silhouette_score(coordinates, labels) > 0.5


class TwoHeads(nn.Module):
    """The linear layer that runs last was made first; what it sees is the doubled image."""

    def __init__(self):
        super().__init__()
        self.last, self.first, self.drop = nn.Linear(4, 2), nn.Linear(4, 4, bias=False), nn.Dropout()
        with torch.no_grad():
            self.first.weight.copy_(2 * torch.eye(4))

    def forward(self, inputs):
        return self.last(self.drop(self.first(inputs.flatten(1))))


def test_features_are_what_the_last_linear_layer_is_given():
    model, images = TwoHeads().train(), torch.arange(20.0).view(5, 1, 2, 2)
    features = penultimate_features(model, images.split(2))
    np.testing.assert_array_equal(features, 2 * images.flatten(1).numpy())
    assert all(module.training and not module._forward_pre_hooks for module in model.modules())


def test_a_network_without_a_linear_layer_is_refused_in_words():
    with pytest.raises(InputError, match="linear layer"):
        penultimate_features(nn.Flatten(), [torch.zeros(1, 1, 2, 2)])


def test_the_probe_leaves_coordinates_with_labels(trained, same_twice):
    view = trained("resnet14", width=4)
    found = same_twice(embedding(images=10), view)
    assert {name: array.shape for name, array in found.arrays.items()} == {
        "row": (10,),
        "labels": (10,),
        "pca": (10, 2),
        "explained": (2,),
        "t-sne": (10, 2),
    }
    assert found.arrays["labels"].tolist() == view.test.labels[found.arrays["row"]].tolist()
    assert found.values == {"features": 16}


def test_too_few_images_are_refused_in_words(trained):
    with pytest.raises(InputError, match="at least 4, not 3"):
        embedding(images=3)
    with pytest.raises(InputError, match="at least 4 test images, not 3"):
        embedding().measure(trained("resnet14", test=3))
