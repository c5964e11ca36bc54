"""Every fault of a context or tile raises its own error, and nothing is half decoded."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.fmtc import (
    BadSymbol,
    Context,
    ContextMismatch,
    DamagedStream,
    Decoder,
    Encoded,
    MissingContext,
    Params,
    Underrun,
    UnsupportedContext,
    fast,
    reference,
)
from fmcodec.fmtc.tile import Tile
from tests.model.fmtc.cases import context, correlated, sealed_context, sealed_tile, small_context

TILE = context().encode(correlated(60, seed=2))[0]


@given(st.integers(0, 32 * len(TILE) - 1))
def test_every_single_bit_error_of_a_tile_is_noticed(bit):
    words = TILE.copy()
    words[bit // 32] ^= np.uint32(1 << 31 - bit % 32)
    with pytest.raises(DamagedStream):
        context().decode_tile(words)


@given(st.integers(0, 32 * len(small_context().to_words()) - 1))
def test_every_single_bit_error_of_a_context_is_noticed(bit):
    words = small_context().to_words()
    words[bit // 32] ^= np.uint32(1 << 31 - bit % 32)
    with pytest.raises(DamagedStream):
        Context.from_words(words)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40), st.integers(0, 6))
def test_wild_contexts_never_pass_nor_crash(words, kept):
    good = small_context().to_words()
    wild = sealed_context(np.array([*good[:kept], *words, 0], dtype=np.uint32))
    with pytest.raises(DamagedStream):
        Context.from_words(wild)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40), st.integers(1, 65535), st.booleans())
def test_wild_payloads_fail_alike(payload, num_vectors, raw):
    """Whatever the payload, reference and fast unpacking agree: the same symbols or error."""
    layer = small_context()
    tile = Tile(min(num_vectors, 400), raw, 0, np.array(payload, dtype=np.uint32))

    def outcome(model):
        try:
            return model.unpack(layer, tile).tolist()
        except DamagedStream as error:
            return type(error), str(error)

    assert outcome(fast) == outcome(reference)


def test_a_tile_that_claims_too_many_vectors_takes_no_memory():
    layer = context()
    tile = Tile(65535, False, 0, np.zeros(2, np.uint32))
    with pytest.raises(Underrun, match="bit 64: ends inside a symbol"):
        fast.unpack(layer, tile)


def test_another_layers_tile():
    with pytest.raises(ContextMismatch, match="another layer's tile"):
        context("relu").decode_tile(TILE)


@pytest.mark.parametrize("read", [Context.from_words, Encoded.from_words, context().decode_tile])
@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ([1, 2], TypeError, "words must be an array of uint32, not list"),
        (
            TILE.astype(np.int64) + (1 << 40),
            TypeError,
            "words must be an array of uint32, not int64",
        ),
        (TILE.astype(float), TypeError, "words must be an array of uint32, not float64"),
        (TILE[None], ValueError, f"words must be of one dimension, not of shape (1, {len(TILE)})"),
    ],
)
def test_what_is_no_words(read, words, error, text):
    with pytest.raises(error) as caught:
        read(words)
    assert str(caught.value) == text


def test_what_is_no_bytes():
    with pytest.raises(TypeError, match="data must be bytes, not str"):
        Context.from_bytes("FMTC")
    with pytest.raises(Underrun, match="ends inside a word"):
        Context.from_bytes(context().to_bytes()[:-1])


def test_one_bad_tile_gives_nothing():
    layer = context()
    encoded = layer.encode(correlated(90, seed=3), tile_vectors=30)
    words = encoded.words.copy()
    words[-1] ^= np.uint32(1)
    with pytest.raises(DamagedStream):
        layer.decode(Encoded(words, encoded.starts))
    with pytest.raises(Underrun):
        Encoded.from_words(encoded.words[:-1])
    with pytest.raises(Underrun):
        Encoded.from_words(encoded.words[: encoded.starts[1] + 2])


def test_decoder_needs_a_context():
    decoder = Decoder(context().params)
    with pytest.raises(MissingContext) as caught:
        decoder.decode_tile(TILE)
    assert str(caught.value) == "context must be loaded before a tile is decoded"
    decoder.load(context().to_words())
    good = decoder.decode_tile(TILE)
    damaged = context().to_words()
    damaged[9] ^= np.uint32(2)
    with pytest.raises(DamagedStream):
        decoder.load(damaged)
    np.testing.assert_array_equal(decoder.decode_tile(TILE), good)


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (Params(4), "channels must be 4 in this build, not 2"),
        (Params(2, 10), "matrix_bits must be 10 in this build, not 8"),
        (Params(2, q_max=4), "q_max must be at most 4 in this build, not 5"),
        (Params(2, tables=1), "tables must be at most 1 in this build, not 2"),
    ],
)
def test_unsupported_contexts(build, text):
    with pytest.raises(UnsupportedContext) as caught:
        Context.from_words(small_context().to_words(), build)
    assert caught.value.reason == text


def test_unsupported_code_length():
    long = context("long")
    with pytest.raises(UnsupportedContext, match="max_code_bits must be at most 12 in this build"):
        Context.from_words(long.to_words(), Params(16))


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"bias": np.zeros(2)}, TypeError, "bias must be an array of int32, not array([0., 0.])"),
        ({"scale": 0}, ValueError, "scale must be in 1..65535, not 0"),
        ({"shift": 64}, ValueError, "shift must be in 1..63, not 64"),
        ({"inverse_shift": 32}, ValueError, "inverse_shift must be in 1..31, not 32"),
        ({"high": -1}, ValueError, "high must be in 0..127, not -1"),
        ({"boundaries": (2,)}, ValueError, "boundaries must be 1 ascending ints in 1..1, not (2,)"),
        (
            {"matrix": np.full((2, 2), 128, np.int16)},
            ValueError,
            "matrix must be in -128..127",
        ),
        (
            {"lengths": np.array([[1, 1], [1, 2]], np.uint8), "zero_point": 0},
            ValueError,
            "lengths of table 1 must have a Kraft sum of 1",
        ),
        (
            {"bypass": True, "matrix": np.zeros((0, 2), np.int16)},
            ValueError,
            "bias and offset must be the same for all channels in bypass",
        ),
        (
            {"bypass": True, "bias": np.zeros(2, np.int32), "offset": np.zeros(2, np.int32)},
            ValueError,
            "matrix must be of shape (components, channels), or (0, channels) in bypass",
        ),
    ],
)
def test_contexts_that_cannot_be_made(changes, error, text):
    with pytest.raises(error) as caught:
        small_context(**changes)
    assert str(caught.value) == text


def test_errors_cross_processes():
    words = sealed_tile(np.array([1 << 16 | small_context().tag, 1 << 24 | 1, 0, 0, 0x09000000]))
    with pytest.raises(BadSymbol) as caught:
        small_context().decode_tile(words.astype(np.uint32))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (BadSymbol, str(caught.value))
