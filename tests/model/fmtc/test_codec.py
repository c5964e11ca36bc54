"""The fast codec is the reference, tiles are random access, the arithmetic is the contract's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fmcodec.fmtc import Context, Encoded, Params, fast, reference
from fmcodec.fmtc.tile import Tile
from tests.model.fmtc.cases import KINDS, context, correlated, small_context

INT8 = arrays.arrays(np.int8, st.tuples(st.integers(1, 9), st.just(16)))


@pytest.mark.parametrize("kind", KINDS)
@given(vectors=INT8)
def test_stages_agree(kind, vectors):
    layer = context(kind)
    acc = reference.forward(layer, vectors)
    np.testing.assert_array_equal(fast.forward(layer, vectors), acc)
    symbols, clips = reference.quantise(layer, acc)
    fast_symbols, fast_clips = fast.quantise(layer, acc)
    np.testing.assert_array_equal(fast_symbols, symbols)
    assert fast_clips == clips
    payload, raw = reference.pack(layer, symbols)
    fast_payload, fast_raw = fast.pack(layer, symbols)
    np.testing.assert_array_equal(fast_payload, payload)
    assert fast_raw == raw
    tile = Tile(len(vectors), raw, clips, payload)
    for model in (reference, fast):
        np.testing.assert_array_equal(model.unpack(layer, tile), symbols)
        np.testing.assert_array_equal(model.inverse(layer, symbols), fast.inverse(layer, symbols))


@given(
    arrays.arrays(np.int16, (3, 4), elements=st.integers(-512, 511)),
    arrays.arrays(np.int8, (5, 4)),
    st.integers(1, 65535),
    st.integers(1, 63),
    st.integers(1, 65535),
    st.integers(1, 31),
    st.integers(-(2**30) + 1, 2**30 - 1),
    st.integers(-(2**31), 2**31 - 1),
)
def test_stages_agree_at_the_limits(matrix, vectors, m, s, md, sd, bias, offset):
    layer = Context(
        matrix,
        np.array([bias, 0, -bias], np.int32),
        np.full(4, offset, np.int32),
        np.array([[1, 2, 2]], np.uint8),
        (),
        m,
        s,
        md,
        sd,
        zero_point=1,
        matrix_bits=10,
    )
    acc = reference.forward(layer, vectors)
    np.testing.assert_array_equal(fast.forward(layer, vectors), acc)
    symbols, _ = reference.quantise(layer, acc)
    np.testing.assert_array_equal(fast.quantise(layer, acc)[0], symbols)
    np.testing.assert_array_equal(fast.inverse(layer, symbols), reference.inverse(layer, symbols))


def test_large_matrices_stay_exact():
    """256 channels of extreme entries go beyond float32, and are still exact."""
    entries = np.where(np.random.default_rng(1).random((256, 256)) < 0.5, -512, 511)
    layer = Context(
        entries.astype(np.int16),
        np.zeros(256, np.int32),
        np.zeros(256, np.int32),
        np.array([[1, 1]], np.uint8),
        (),
        1,
        1,
        1,
        1,
        0,
        matrix_bits=10,
    )
    vectors = np.random.default_rng(2).choice(np.array([-128, 127], np.int8), (64, 256))
    exact = vectors.astype(np.int64) @ entries.T.astype(np.int64)
    np.testing.assert_array_equal(fast.forward(layer, vectors), exact)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tile_vectors", [1, 7, 100, 65535])
def test_tiles(kind, tile_vectors):
    layer = context(kind)
    vectors = correlated(100, seed=5)
    encoded = layer.encode(vectors, tile_vectors)
    assert len(encoded) == -(-100 // tile_vectors)
    whole = layer.decode(encoded)
    for index in reversed(range(len(encoded))):
        rows = slice(index * tile_vectors, (index + 1) * tile_vectors)
        np.testing.assert_array_equal(layer.decode_tile(encoded[index]), whole[rows])
    found = Encoded.from_words(encoded.words)
    np.testing.assert_array_equal(found.starts, encoded.starts)
    assert encoded.bits == 32 * (len(encoded.words) + len(encoded))
    assert whole.min() >= layer.low
    assert whole.max() <= layer.high


def test_error_is_bounded_by_the_step():
    """Without a clip each coefficient is within half a step of its value, and so is the vector."""
    layer = context("pca")
    vectors = correlated(500, seed=6)
    symbols, _ = fast.quantise(layer, fast.forward(layer, vectors))
    inside = ((symbols > 0) & (symbols < layer.q_max)).all(axis=1)
    error = (layer.decode(layer.encode(vectors))[inside] - vectors[inside].astype(float)) ** 2
    assert inside.mean() > 0.9
    assert np.sqrt(error.mean()) < 1.1 * np.sqrt(layer.step**2 / 12 + 1 / 12)


def test_zero_point():
    """The mean itself codes to the zero point in every component."""
    layer = small_context()
    symbols, clips = fast.quantise(layer, fast.forward(layer, np.array([[10, 4]], np.int8)))
    assert symbols.tolist() == [[2, 2]]
    assert clips == 0
    assert fast.inverse(layer, symbols).tolist() == [[10, 4]]


def test_eye_keeps_its_origin_exactly():
    layer = context("eye")
    vectors = np.full((3, 16), -20, np.int8)
    np.testing.assert_array_equal(layer.decode(layer.encode(vectors)), vectors)


def test_clips_are_counted():
    layer = small_context()
    tile = layer.encode(np.array([[127, 127], [10, 4]], np.int8))[0]
    assert int(tile[2]) == 1  # the sum is clipped, the difference is not


def test_raw_escape():
    layer = context("long")
    rng = np.random.default_rng(9)
    unlikely = np.argsort(layer.lengths[0])[-8:].astype(np.uint8)
    symbols = rng.choice(unlikely, (40, layer.components))
    payload, raw = fast.pack(layer, symbols)
    assert raw
    assert len(payload) == layer.params.max_payload_words(40)
    np.testing.assert_array_equal(fast.unpack(layer, Tile(40, raw, 0, payload)), symbols)
    np.testing.assert_array_equal(reference.pack(layer, symbols)[0], payload)


@given(vectors=INT8)
def test_size_is_bounded(vectors):
    for kind in ("pca", "long", "pca_t"):
        layer = context(kind)
        words = layer.encode(vectors)[0]
        assert len(words) <= 4 + layer.params.max_payload_words(len(vectors), layer.components)
        assert layer.encoded_bits(vectors) >= len(vectors) * layer.components


def test_folded_coefficients():
    layer, vectors = context("relu"), correlated(50, seed=8)
    direct = layer.encode(vectors)
    folded = layer.encode_coefficients(fast.forward(layer, vectors))
    np.testing.assert_array_equal(folded.words, direct.words)


@pytest.mark.parametrize("kind", KINDS)
def test_context_comes_back(kind):
    layer = context(kind)
    again = Context.from_bytes(layer.to_bytes(), layer.params)
    np.testing.assert_array_equal(again.to_words(), layer.to_words())
    vectors = correlated(64, seed=4)
    np.testing.assert_array_equal(again.encode(vectors).words, layer.encode(vectors).words)
    assert again.tag == layer.tag


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda c: c.encode([[0] * 16]), TypeError, "vectors must be an array of int8, not list"),
        (
            lambda c: c.encode(np.zeros((2, 16))),
            TypeError,
            "vectors must be an array of int8, not float64",
        ),
        (
            lambda c: c.encode(np.zeros((2, 15), np.int8)),
            ValueError,
            "vectors must be of shape (vectors >= 1, 16), not (2, 15)",
        ),
        (
            lambda c: c.encode(np.zeros((0, 16), np.int8)),
            ValueError,
            "vectors must be of shape (vectors >= 1, 16), not (0, 16)",
        ),
        (
            lambda c: c.encode(np.zeros((1, 16), np.int8), 65536),
            ValueError,
            "tile_vectors must be an int in 1..65535, not 65536",
        ),
        (
            lambda c: c.encode_coefficients(np.zeros((1, 16), np.int8)),
            TypeError,
            "accumulators must be an array of int32, not int8",
        ),
        (
            lambda c: c.encode(np.zeros((1, 16), np.int8))[1],
            IndexError,
            "tile must be in 0..0, not 1",
        ),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(context())
    assert str(caught.value) == text


def test_params_of_a_context_hold_it():
    layer = context("pca_t")
    assert layer.params == Params(16, 8, layer.q_max, 12, layer.tables)
    layer.require_build(layer.params)
