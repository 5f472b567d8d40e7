"""What the other models do not have: views in evaluation, a first layer that fits images, scaled biases."""

import torch
from torch.nn import functional


def test_views_are_averaged_as_the_paper_does(build, images):
    batch = images()
    plain = build("airbench94").eval()
    views = {name: build("airbench94", test_views=name).eval() for name in ("mirror", "mirror-shift")}

    def mirrored(inputs):
        return (plain(inputs) + plain(inputs.flip(-1))) / 2

    padded = functional.pad(batch, (1, 1, 1, 1), "reflect")
    with torch.no_grad():
        shifted = (mirrored(padded[..., :32, :32]) + mirrored(padded[..., 2:, 2:])) / 2
        torch.testing.assert_close(views["mirror"](batch), mirrored(batch))
        torch.testing.assert_close(views["mirror-shift"](batch), (mirrored(batch) + shifted) / 2)


def test_in_training_there_are_no_views(build, images):
    plain, views = build("airbench94"), build("airbench94", test_views="mirror-shift")
    assert torch.equal(plain(images()), views(images()))


def test_a_scaled_bias_learns_with_64_times_the_learning_rate():
    scaled, bias = torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.zeros(3))
    theirs = torch.optim.SGD([bias], lr=0.64, momentum=0.9, nesterov=True, weight_decay=0.01 / 64)
    ours = torch.optim.SGD([scaled], lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.01)
    target = torch.tensor([1.0, -2.0, 0.5])
    for _ in range(20):
        for optimizer, value in ((ours, lambda: scaled * 8), (theirs, lambda: bias)):
            optimizer.zero_grad()
            (value() - target).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(scaled.detach() * 8, bias.detach())


def test_convolutions_start_as_the_identity_on_their_first_channels(build, images):
    convolution = build("airbench94").pair2.conv1
    features = images(2, 64, 8)
    with torch.no_grad():
        torch.testing.assert_close(convolution(features)[:, :64], features)
