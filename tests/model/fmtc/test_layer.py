"""Layers: maps to vectors and back, groups, blocks, dead channels, what a ReLU lets go."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.fmtc import DecoderContext, Params
from fmcodec.fmtc.choice import candidates, choose
from fmcodec.fmtc.layer import LayerCodec
from fmcodec.fmtc.layout import Layout


def smooth_maps(images=6, channels=8, height=20, width=18, seed=0):
    """Float maps that are correlated across channels and pixels."""
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(images, channels, height + 4, width + 4))
    for axis, size in ((2, height), (3, width)):
        maps = sum(np.take(maps, range(i, i + size), axis=axis) for i in range(5))
    mixing = np.eye(channels) + 0.5
    return np.einsum("ij,njhw->nihw", mixing, maps).astype(np.float32) / 10


MAPS = smooth_maps()


@given(
    st.integers(1, 3),
    st.sampled_from([(1, 1), (4, 2), (6, 3), (6, 1)]),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
)
def test_vectors_come_back(images, split, block, height, width, shared):
    channels, groups = split
    layout = Layout(channels, groups, block, shared)
    maps = np.arange(images * channels * height * width).reshape(images, channels, height, width)
    vectors = layout.to_vectors(maps)
    assert vectors.shape[0] == layout.contexts == (1 if shared else groups)
    assert vectors.shape[2] == layout.vector_length == channels // groups * block**2
    np.testing.assert_array_equal(layout.from_vectors(vectors, height, width), maps)


def test_order_of_a_vector():
    """Entries go (channel, row, column), vectors along rows of blocks, groups apart."""
    maps = np.arange(2 * 4 * 4).reshape(1, 2, 4, 4)
    vectors = Layout(2, 1, 2).to_vectors(maps)
    assert vectors[0, 0].tolist() == [0, 1, 4, 5, 16, 17, 20, 21]
    assert vectors[0, 1, 0] == 2
    assert vectors[0, 2, 0] == 8
    assert Layout(2, 2, 2).to_vectors(maps)[1, 0].tolist() == [16, 17, 20, 21]
    shared = Layout(2, 2, 2, shared=True).to_vectors(np.stack([maps[0], maps[0] + 100]))
    assert shared.shape == (1, 16, 4)
    assert shared[0, :, 0].tolist() == [
        *(0, 2, 8, 10, 16, 18, 24, 26),
        *(100, 102, 108, 110, 116, 118, 124, 126),
    ]


BLOCKS = Layout(8, 8, 4, shared=True)


@pytest.mark.parametrize("coder", ["huffman", "rice"])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(
    ("layout", "variant"),
    [
        *(
            (Layout(8, groups, block), "pca_t")
            for groups, block in ((1, 1), (2, 1), (4, 2), (8, 3))
        ),
        (BLOCKS, "pca_t"),
        (BLOCKS, "dct4"),
    ],
)
def test_layer_keeps_its_snr(layout, variant, relu, coder):
    params = Params(coder=coder)
    codec = LayerCodec.calibrate(MAPS, layout, params, variant=variant, snr_db=16, relu=relu)
    decoded, bits = codec.roundtrip(MAPS)
    wanted = np.maximum(MAPS, 0) if relu else MAPS
    snr = 10 * np.log10((wanted**2).sum() / ((decoded - wanted) ** 2).sum())
    assert 15.5 < snr < 17
    encoded = codec.encode(MAPS)
    assert bits == sum(tiles.bits for tiles in encoded)
    np.testing.assert_array_equal(decoded, codec.decode(encoded, *MAPS.shape[2:]))
    assert decoded.min() >= 0 or not relu


def test_blocks_save_bits_on_smooth_maps():
    rates = [
        LayerCodec.calibrate(MAPS, Layout(8, 8, block), snr_db=16).roundtrip(MAPS)[1]
        for block in (1, 2, 4)
    ]
    assert rates[0] > 1.2 * rates[1] > 1.2 * rates[2]


def test_relu6_is_fused():
    maps = 4 * MAPS
    codec = LayerCodec.calibrate(maps, Layout(8), snr_db=25, relu=True, ceiling=6.0)
    decoded, _ = codec.roundtrip(maps)
    assert decoded.max() == pytest.approx(6, abs=codec.scale)
    assert decoded.min() == 0


def test_groups_share_one_step():
    codec = LayerCodec.calibrate(MAPS, Layout(8, 4), step=0.3)
    assert len(codec.contexts) == 4
    assert codec.step == pytest.approx(0.3, rel=8e-3)
    assert len({context.step for context in codec.contexts}) == 1


def test_counted_bits_are_those_of_raw_and_cut_tiles():
    """Tiles that are cut inside an image, and tiles that escape to raw."""
    codec = LayerCodec.calibrate(MAPS, Layout(8, 8), step=0.02)
    large = 9 * np.random.default_rng(1).normal(size=(2, 8, 200, 180)).astype(np.float32)
    decoded, bits = codec.roundtrip(large)
    encoded = codec.encode(large)
    assert len(encoded[0]) == 4
    assert any(int(tile[0]) >> 15 & 1 for tiles in encoded for tile in tiles)
    assert bits == sum(tiles.bits for tiles in encoded)
    np.testing.assert_array_equal(decoded, codec.decode(encoded, 200, 180))


def test_choice_follows_the_maps():
    """Smooth maps get blocks, noise gets none, and few images cannot pay for a large context."""
    noise = np.random.default_rng(1).normal(size=MAPS.shape).astype(np.float32)
    chosen = choose(candidates(noise, 0.5, relu=True), 16)
    assert (chosen.layout, chosen.variant) == (Layout(8), "eye")
    ways = candidates(MAPS, 0.2)
    chosen = choose(ways, 1000)
    assert 0.18 < chosen.step < 0.2
    assert 1 < chosen.params.tables <= 4
    assert chosen.variant == "pca_t"
    assert chosen.layout.block > 1
    assert chosen.layout.vector_length <= 64
    small = choose(ways, 1)
    assert small.params.tables < chosen.params.tables
    assert small.layout.vector_length < chosen.layout.vector_length
    assert choose(ways, 1000, 16).layout.vector_length <= 16


def test_choice_among_some_transforms():
    """The estimates are the same; what none of them fits has no transform."""
    ways = candidates(MAPS, 0.2)
    for variants in (("dct4",), ("eye", "pca_t")):
        expected = [way for way in ways if way.variant in variants]
        assert candidates(MAPS, 0.2, variants=variants) == expected
    small = candidates(MAPS[..., :3, :3], 0.2, variants=("dct4",))
    assert {way.variant for way in small} == {"eye"}


def test_rice_codes_too_short_for_a_step_are_taken_with_the_finest_that_they_hold():
    """Their coefficients are of 8 bits: a budget of nothing cannot be kept, but is no error."""
    ways = candidates(MAPS, 1e-6, coders=("rice",), relu=True)
    assert {way.variant for way in ways} == {"eye"}
    way = choose(ways, 1000)
    codec = LayerCodec.calibrate(
        MAPS, way.layout, way.params, variant="eye", step=way.step, relu=True
    )
    assert 1 < codec.step / codec.scale < 2.1
    decoded, _ = codec.roundtrip(MAPS)
    assert np.mean((decoded - np.maximum(MAPS, 0)) ** 2) < 1.3 * codec.step**2 / 12


def test_estimates_are_near_what_comes():
    """Headers included, which are what small maps in many groups are mostly made of."""
    for maps in (MAPS, smooth_maps(images=60, channels=32, height=5, width=5)):
        for way in candidates(maps, 0.3):
            codec = LayerCodec.calibrate(
                maps, way.layout, way.params, variant=way.variant, step=way.step
            )
            bits = codec.roundtrip(maps)[1] / len(maps)
            assert way.bits == pytest.approx(bits, rel=0.1)


def test_channels_that_belong_together_are_grouped():
    """Pairs of like channels that lie apart: an order brings them together, and saves bits."""
    maps = smooth_maps(channels=1, images=48).reshape(6, 8, 20, 18)
    twins = np.concatenate([maps, maps[:, ::-1] * -2], axis=1)
    codec = LayerCodec.calibrate(twins, Layout(16, 8), snr_db=16)
    pairs = {frozenset(pair) for pair in codec.order.reshape(8, 2).tolist()}
    assert pairs == {frozenset((c, 15 - c)) for c in range(8)}
    alone = LayerCodec.calibrate(twins, Layout(16, 16), snr_db=16)
    assert codec.roundtrip(twins)[1] < 0.8 * alone.roundtrip(twins)[1]
    decoded, _ = codec.roundtrip(twins)
    assert ((decoded - twins) ** 2).mean() < 0.03 * (twins**2).mean()


def test_order_without_a_transform_is_by_variance():
    maps = MAPS * np.array([1, 5, 2, 8, 3, 7, 4, 6], np.float32)[None, :, None, None]
    codec = LayerCodec.calibrate(maps, Layout(8), variant="eye", step=0.3)
    assert codec.order.tolist() == [3, 5, 7, 1, 6, 4, 2, 0]


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("step", [0.05, 0.1, 0.137, 0.5])
def test_without_a_transform_values_are_rounded_once(step, relu):
    """Not to 8 bits first and to the step then, but for what a scale of 8 bits is off."""
    codec = LayerCodec.calibrate(MAPS, Layout(8), variant="eye", step=step, relu=relu, floor=0.0)
    decoded, _ = codec.roundtrip(MAPS)
    values = np.maximum(MAPS, 0) if relu else MAPS
    wanted = step * np.rint(values / step)
    assert np.mean(np.abs(decoded - wanted) > 1e-3 * step) < 0.06  # values between two levels
    # 85 levels under one scale of 8 bits are the worst: 0.4 dB
    assert np.mean((decoded - values) ** 2) < (1.12 if step < 0.1 else 1.02) * np.mean(
        (wanted - values) ** 2
    )


def test_noise_of_a_choice_is_that_asked_for():
    """With a transform too, whose input and output are rounded to 8 bits."""
    for step in (0.05, 0.12, 0.3):
        way = choose(candidates(MAPS, step), 1000)
        codec = LayerCodec.calibrate(
            MAPS, way.layout, way.params, variant=way.variant, step=way.step
        )
        decoded, _ = codec.roundtrip(MAPS)
        assert np.mean((decoded - MAPS) ** 2) < 1.2 * step**2 / 12


def test_dead_channels():
    maps = MAPS.copy()
    maps[:, 2:4] = 0
    for layout in (Layout(8), Layout(8, 4), Layout(8, 8)):
        codec = LayerCodec.calibrate(maps, layout, step=0.2, relu=True)
        decoded, _ = codec.roundtrip(maps)
        assert np.abs(decoded[:, 2:4]).max() <= codec.scale


def test_channels_that_are_each_constant():
    maps = MAPS.copy()
    maps[:, 4:] = np.array([0, 1, 2, 3], np.float32)[None, :, None, None]
    codec = LayerCodec.calibrate(maps, Layout(8, 2), step=0.2)
    decoded, _ = codec.roundtrip(maps)
    assert np.abs(decoded[:, 4:] - maps[:, 4:]).max() < 0.2


def test_tiles_end_with_the_image():
    codec = LayerCodec.calibrate(MAPS, Layout(8), step=0.3)
    three = codec.encode(MAPS[:3])
    one = codec.encode(MAPS[1:2])
    assert len(three[0]) == 3
    np.testing.assert_array_equal(three[0][1], one[0][0])


def test_context_bits_are_those_sent():
    codec = LayerCodec.calibrate(MAPS, Layout(8, 2), step=0.3)
    words = [context.decoder.to_words() for context in codec.contexts]
    assert codec.context_bits == sum(32 * len(part) for part in words)
    tags = [DecoderContext.from_words(part).tag for part in words]
    assert tags == [context.tag for context in codec.contexts]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: Layout(8, 3), ValueError, "groups must be a divisor of channels = 8, not 3"),
        (lambda: Layout(8, 0), ValueError, "groups must be a positive int, not 0"),
        (lambda: Layout(8, 1, 1.0), TypeError, "block must be a positive int, not 1.0"),
        (
            lambda: LayerCodec.calibrate(MAPS, Layout(4), step=1.0),
            ValueError,
            "maps must be of 4 channels, not 8",
        ),
        (
            lambda: LayerCodec.calibrate(MAPS, Layout(8)),
            ValueError,
            "snr_db or step must be given, and not both",
        ),
        (
            lambda: LayerCodec.calibrate(MAPS * np.nan, Layout(8), step=1.0),
            ValueError,
            "maps must be finite",
        ),
        (
            lambda: LayerCodec.calibrate(np.zeros_like(MAPS), Layout(8), step=1.0),
            ValueError,
            "maps must vary, all values are the same",
        ),
        (
            lambda: LayerCodec.calibrate(MAPS[0], Layout(8), step=1.0),
            ValueError,
            "maps must be of shape (images, channels, h, w), not (8, 20, 18)",
        ),
        (
            lambda: LayerCodec.calibrate(MAPS[:1, :, :1, :2], Layout(8), step=1.0),
            ValueError,
            "samples must hold at least 16 vectors (two a channel), not 2",
        ),
        (
            lambda: LayerCodec.calibrate(MAPS, Layout(8, 1, 8), step=1.0),
            ValueError,
            "channels must be an int in 1..256, not 512",
        ),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_nan_is_never_coded():
    codec = LayerCodec.calibrate(MAPS, Layout(8), step=0.3)
    maps = MAPS.copy()
    maps[0, 0, 0, 0] = np.inf
    with pytest.raises(ValueError, match="maps must be finite"):
        codec.encode(maps)
