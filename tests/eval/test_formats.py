import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec_eval.formats import Bits, Deployed, Fixed, Order, parse_format


def test_deployed_takes_the_zero_point_off_modulo_256():
    stored = np.array([0, 119, 120, 255], np.uint8)
    assert Deployed().words(stored, 119).tolist() == [-119, 0, 1, 136 - 256]
    assert Deployed().words(np.array([-128, 127], np.int8), -128).tolist() == [0, 255 - 256]


def test_fixed_truncates_towards_zero():
    values = np.array([2.0, -2.0, 0.02, -0.02, 1.0])
    # 127 * 0.75 = 95.25 is the maximum's word
    assert Fixed(8).words(values, 2.0).tolist() == [95, -95, 0, 0, 47]
    assert Fixed(8, safety=1).words(values, 2.0).tolist() == [127, -127, 1, -1, 63]
    assert Fixed(12).words(values, 2.0).tolist() == [1535, -1535, 15, -15, 767]


def test_fixed_clips_what_exceeds_the_maximum_and_knows_an_empty_layer():
    assert Fixed(8).words(np.array([10.0, -10.0]), 1.0).tolist() == [127, -128]
    assert Fixed(16).words(np.zeros(3), 0.0).tolist() == [0, 0, 0]


def test_float_formats_are_bit_patterns():
    values = np.array([1.0, -2.5, 0.0, -0.0, 1e30], np.float32)
    assert Bits("float32").words(values).view(np.float32).tolist() == values.tolist()
    half = Bits("float16").words(values).view(np.float16)
    assert half.tolist() == [1.0, -2.5, 0.0, 0.0, 65504.0]
    assert not Bits("float16").words(np.array([-0.0, -1e-9], np.float32)).any()
    assert not Bits("bfloat16").words(np.array([-0.0, -1e-44], np.float32)).any()
    assert Bits("bfloat16").words(np.array([1.0], np.float32)).tolist() == [0x3F80]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_bfloat16_rounds_to_nearest_even(values):
    exact = np.array(values, np.float32)
    words = Bits("bfloat16").words(exact).view(np.uint16).astype(np.uint32)
    for value, word in zip(exact.view(np.uint32).tolist(), words.tolist(), strict=True):
        lower, rest = value >> 16, value & 0xFFFF
        up = rest > 0x8000 or (rest == 0x8000 and lower & 1)
        expected = lower + up
        assert word == (0 if expected == 0x8000 else expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fixed(3), "word_bits must be an int in 4..16, not 3"),
        (lambda: Fixed(8, 0), "safety must be above 0 and at most 1, not 0"),
        (
            lambda: parse_format("int8"),
            "format must be deployed, fixed4..fixed16, float8, float16, bfloat16 or float32, "
            "not 'int8'",
        ),
        (lambda: Order("tile:0x2x2"), "order must be nchw, nhwc or tile:HxWxC, not 'tile:0x2x2'"),
        (lambda: Bits("half"), "name must be float8, float16, bfloat16 or float32, not 'half'"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match="must be") as refused:
        make()
    assert str(refused.value) == message


def test_orders():
    words = np.arange(2 * 3 * 5, dtype=np.int8).reshape(2, 3, 5)
    (nchw,) = Order("nchw").packets(words)
    assert nchw.tolist() == list(range(30))
    (nhwc,) = Order("nhwc").packets(words)
    assert nhwc[:4].tolist() == [0, 15, 1, 16]
    assert np.array_equal(nhwc.reshape(3, 5, 2).transpose(2, 0, 1), words)


@given(st.tuples(*[st.integers(1, 9)] * 3), st.tuples(*[st.integers(1, 5)] * 3))
def test_tiles_hold_every_word_once(shape, tile):
    words = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    height, width, channels = tile
    packets = list(Order(f"tile:{height}x{width}x{channels}").packets(words))
    assert sorted(np.concatenate(packets).tolist()) == list(range(words.size))
    assert all(packet.size <= height * width * channels for packet in packets)
    first = words[:channels, :height, :width].reshape(-1)
    assert np.array_equal(packets[0], first)


def test_float8_is_that_of_ml_dtypes():
    """Every magnitude of E4M3, halves between them, what underflows and what is clamped."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    codes = np.arange(127, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn).astype(np.float32)
    between = (codes[1:] + codes[:-1]) / 2
    near = np.concatenate([np.nextafter(between, 0), between, np.nextafter(between, 999)])
    rng = np.random.default_rng(0)
    noise = rng.normal(size=4000) * 10.0 ** rng.integers(-5, 3, 4000)
    values = np.concatenate([codes, near, noise.astype(np.float32), [1e-9, 500.0, 1e30]])
    values = np.concatenate([values, -values]).astype(np.float32)
    expected = np.clip(values, -448, 448).astype(ml_dtypes.float8_e4m3fn).view(np.uint8)
    expected[expected == 0x80] = 0
    np.testing.assert_array_equal(Bits("float8").words(values).view(np.uint8), expected)
    assert Bits("float8").word_bits == 8
