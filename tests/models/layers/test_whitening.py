import torch

from ceteris.models.layers.whitening import Whitening


def test_patches_of_the_images_come_out_uncorrelated_and_of_variance_one():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(200, 3, 9, 9, generator=generator)
    images = noise + noise.roll(1, 3) + noise.mean(1, keepdim=True)
    layer = Whitening(3)
    layer.fit_to(images)
    with torch.no_grad():
        out = layer(images).permute(1, 0, 2, 3).flatten(1)[:12].double()
    torch.testing.assert_close(out @ out.T / out.shape[1], torch.eye(12, dtype=torch.float64), atol=2e-2, rtol=0)


def test_the_second_half_is_the_negative_of_the_first():
    layer = Whitening(1)
    layer.fit_to(torch.randn(50, 1, 6, 6, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(layer.weight[:4], -layer.weight[4:])
    assert "weight" in layer.state_dict()
    assert [name for name, _ in layer.named_parameters()] == ["bias"]
