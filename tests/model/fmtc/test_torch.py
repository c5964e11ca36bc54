"""Folding into convolutions and insertion into networks, against PyTorch itself."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="folding and insertion need PyTorch")

from torch import nn  # noqa: E402

from fmcodec.fmtc.folding import Unfold, accumulators, fold, fold_layer  # noqa: E402
from fmcodec.fmtc.insertion import capture, inserted  # noqa: E402
from fmcodec.fmtc.layer import LayerCodec  # noqa: E402
from fmcodec.fmtc.layout import Layout  # noqa: E402
from fmcodec_eval.networks import SameConv2d  # noqa: E402


def conv_and_norm(stride=1, kernel=3, padding=1, norm=True, **settings):
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 8, kernel, stride, padding, **settings)
    if not norm:
        return conv.eval(), None
    layer = nn.BatchNorm2d(8)
    with torch.no_grad():
        for values in (layer.weight, layer.running_var):
            values.uniform_(0.5, 2)
        for values in (layer.bias, layer.running_mean):
            values.normal_()
    return conv.eval(), layer.eval()


def orthonormal(layout, seed=1):
    rng = np.random.default_rng(seed)
    length = layout.vector_length
    rows = [np.linalg.qr(rng.normal(size=(length, length)))[0] for _ in range(layout.groups)]
    return rows, [rng.normal(size=length) for _ in range(layout.groups)]


@pytest.mark.parametrize("layout", [Layout(8), Layout(8, 2), Layout(8, 4, 2), Layout(8, 1, 4)])
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"stride": 2},
        {"kernel": 1, "padding": 0},
        {"kernel": 5, "padding": 2, "bias": False},
        {"dilation": 2, "padding": 2},
        {"norm": False},
        {"kernel": (3, 5), "padding": "same"},
        {"padding": 1, "padding_mode": "reflect"},
    ],
)
def test_folded_convolution(layout, shape):
    """Folded, the convolution gives the transform of what it gave; unfolded, that again."""
    conv, norm = conv_and_norm(**shape)
    x = torch.randn(2, 3, 16, 16)
    rows, means = orthonormal(layout)
    with torch.inference_mode():
        maps = conv(x) if norm is None else norm(conv(x))
        coefficients = fold(conv, norm, layout, rows, means)(x)
        again = Unfold(layout, rows, means)(coefficients)
    vectors = layout.to_vectors(maps.numpy())
    for group in range(layout.groups):
        wanted = (vectors[group] - means[group]) @ rows[group].T
        size = layout.vector_length
        got = coefficients[:, group * size : (group + 1) * size].movedim(1, -1).reshape(-1, size)
        np.testing.assert_allclose(got.numpy(), wanted, atol=1e-4)
    torch.testing.assert_close(again, maps, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("layout", "variant"),
    [
        (Layout(8), "pca_t"),
        (Layout(8, 2, 2), "pca_t"),
        (Layout(8, 8, 4, shared=True), "dct4"),
        (Layout(8), "eye"),
    ],
)
def test_folded_layer_codes_what_the_layer_codes(layout, variant):
    """Apart from the rounding of the input to 8 bits, which folding does without."""
    conv, norm = conv_and_norm()
    x = torch.randn(4, 3, 24, 24)
    with torch.inference_mode():
        maps = norm(conv(x)).numpy()
        codec = LayerCodec.calibrate(
            maps, layout, variant=variant, snr_db=20, relu=True, floor=100.0
        )
        coefficients = fold_layer(conv, norm, codec)(x)
    encoded = [
        context.encode_coefficients(acc)
        for context, acc in zip(codec.contexts, accumulators(coefficients, codec), strict=True)
    ]
    decoded = codec.decode(encoded, 24, 24)
    wanted = np.maximum(maps, 0)
    noise = [((values - wanted) ** 2).mean() for values in (decoded, codec.roundtrip(maps)[0])]
    assert 10 * np.log10((wanted**2).mean() / noise[0]) > 19.5
    assert noise[0] < 1.1 * noise[1]


@pytest.mark.parametrize(
    ("conv", "text"),
    [
        (
            nn.Conv2d(8, 8, 3, groups=8),
            "conv must not be grouped or depthwise, but has 8 groups: "
            "a transform mixes its outputs, so it would become dense",
        ),
        (
            nn.Conv2d(8, 8, (3, 4), padding="same"),
            "conv must pad alike on both sides, not by [2, 3] pixels in all",
        ),
        (SameConv2d(8, 8, 3), "conv must be a plain Conv2d, not SameConv2d"),
        (nn.Conv2d(8, 4, 3), "layout must be of 4 channels, not 8"),
    ],
)
def test_what_cannot_be_folded(conv, text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        fold(conv, None, Layout(8), *orthonormal(Layout(8)))
    assert str(caught.value) == text


class Small(nn.Module):
    """A network with an activation in place and a linear site."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.last = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return self.last(self.relu(self.first(x)))


class Exact:
    """Hands maps through and counts a bit a value."""

    def roundtrip(self, maps):
        return maps, maps.size


def test_capture_takes_what_enters_an_activation():
    network, x = Small().eval(), torch.randn(2, 3, 8, 8)
    maps = capture(network, x, ["relu", "last"])
    with torch.inference_mode():
        np.testing.assert_array_equal(maps["relu"], network.first(x).numpy())
        np.testing.assert_array_equal(maps["last"], network(x).numpy())


def test_insertion_counts_and_leaves_no_trace():
    network, x = Small().eval(), torch.randn(2, 3, 8, 8)
    with torch.inference_mode():
        plain = network(x)
        with inserted(network, {"relu": Exact(), "last": Exact()}) as meter:
            torch.testing.assert_close(network(x), plain)
            network(x)
        assert meter.bits == meter.values == {"relu": 2 * 1024, "last": 2 * 512}
        assert meter.bits_per_value == 1
        network(x)
        assert meter.bits["relu"] == 2 * 1024


def test_insertion_acts():
    """Coded coarsely the output changes, coded finely hardly at all."""
    network, x = Small().eval(), torch.randn(8, 3, 16, 16)
    maps = capture(network, x, ["relu"])["relu"]
    errors = []
    with torch.inference_mode():
        plain = network(x)
        for snr_db in (5, 15, 25):
            codec = LayerCodec.calibrate(maps, Layout(8), snr_db=snr_db, relu=True)
            with inserted(network, {"relu": codec}):
                errors.append(float((network(x) - plain).square().mean()))
    assert errors[0] > 5 * errors[1] > 25 * errors[2] > 0


def test_unknown_site():
    with (
        pytest.raises(ValueError, match="site must be a module of the network, not 'relu9'"),
        inserted(Small(), {"relu9": Exact()}),
    ):
        pass
