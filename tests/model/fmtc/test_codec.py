"""The fast codec is the reference, tiles are random access, the arithmetic is the contract's."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fmcodec.fmtc import Context, DecoderContext, EncoderContext, codec, fast, reference
from fmcodec.fmtc.tile import Tile
from tests.model.fmtc import slow_decoder
from tests.model.fmtc.cases import (
    KINDS,
    block_context,
    context,
    correlated,
    small_decoder,
    small_encoder,
)

INT8 = arrays.arrays(np.int8, st.tuples(st.integers(1, 9), st.just(16)))


def agree(layer, symbols, raw):
    """Both implementations give the same payload, and the symbols again."""
    payload = reference.pack(layer.encoder, symbols, raw)
    np.testing.assert_array_equal(fast.pack(layer.encoder, symbols, raw)[0], payload)
    tile = Tile(len(symbols), raw, 0, payload)
    levels = symbols.astype(np.int16) - layer.decoder.zero_point
    for model in (reference, fast):
        found = model.unpack(layer.decoder, tile, len(symbols))
        np.testing.assert_array_equal(found.levels, levels)
        assert 32 * len(payload) - 32 < found.end <= 32 * len(payload)
        assert found.bad_symbol == found.bad_run == -1
    return levels


@pytest.mark.parametrize("kind", KINDS)
@given(vectors=INT8, raw=st.booleans())
def test_stages_agree(kind, vectors, raw):
    layer = context(kind)
    acc = reference.forward(layer.encoder, vectors)
    np.testing.assert_array_equal(fast.forward(layer.encoder, vectors), acc)
    symbols, clips = reference.quantise(layer.encoder, acc)
    fast_symbols, fast_clips = fast.quantise(layer.encoder, acc)
    np.testing.assert_array_equal(fast_symbols, symbols)
    assert fast_clips == clips
    levels = agree(layer, symbols, raw)
    np.testing.assert_array_equal(
        fast.inverse(layer.decoder, levels), reference.inverse(layer.decoder, levels)
    )


@pytest.mark.parametrize("kind", ["pca", "dct4", "pca rice", "dct4 rice"])
@given(data=st.data())
def test_any_symbols_come_back(kind, data):
    """Sparse ones, which make runs and ends of vectors, and those far out, which make escapes."""
    layer = context(kind)
    few = st.just(layer.decoder.zero_point) | st.integers(0, layer.q_max)
    shape = st.tuples(st.integers(1, 20), st.just(layer.components))
    fill = st.just(layer.decoder.zero_point)
    symbols = data.draw(arrays.arrays(np.uint8, shape, elements=few, fill=fill))
    agree(layer, symbols, data.draw(st.booleans()))


@given(
    arrays.arrays(np.int16, (3, 4), elements=st.integers(-512, 511)),
    arrays.arrays(np.int8, (5, 4)),
    arrays.arrays(np.int32, 3, elements=st.integers(0, 15)),
    arrays.arrays(np.int32, 3, elements=st.integers(128, 255)),
    st.integers(0, 15),
    st.integers(1, 255),
    st.integers(-(2**23), 2**23 - 1),
    st.integers(-(2**23), 2**23 - 1),
)
def test_stages_agree_at_the_limits(matrix, vectors, s, m, sd, md, bias, offset):
    shared = {
        "transform": "matrix",
        "coder": "huffman",
        "channels": 4,
        "components": 3,
        "q_max": 254,
        "zero_point": 100,
        "boundaries": (),
        "lengths": np.full((1, 256), 8, np.uint8),
        "matrix_bits": 10,
    }
    encoder = EncoderContext(
        **shared, shift=s, scale=m, bias=np.array([bias, 0, -1 - bias], np.int32), matrix=matrix
    )
    decoder = DecoderContext(
        **shared,
        inverse_shift=sd,
        inverse_scale=md,
        offset=np.full(4, offset, np.int32),
        matrix=np.ascontiguousarray(matrix.T),
    )
    acc = reference.forward(encoder, vectors)
    np.testing.assert_array_equal(fast.forward(encoder, vectors), acc)
    symbols, clips = reference.quantise(encoder, acc)
    fast_symbols, fast_clips = fast.quantise(encoder, acc)
    np.testing.assert_array_equal(fast_symbols, symbols)
    assert clips == fast_clips
    levels = symbols.astype(np.int16) - 100
    np.testing.assert_array_equal(fast.inverse(decoder, levels), reference.inverse(decoder, levels))
    again = EncoderContext.from_words(encoder.to_words())
    for name in ("shift", "scale", "bias", "matrix"):
        np.testing.assert_array_equal(getattr(again, name), getattr(encoder, name))


@given(arrays.arrays(np.int32, (4, 16)))
def test_wild_coefficients_of_a_folded_encoder(acc):
    """They are saturated to 24 bits, and to 16 after the shift."""
    for kind in ("pca", "dct4 rice"):
        encoder = context(kind).encoder.folded()
        symbols, clips = reference.quantise(encoder, acc)
        np.testing.assert_array_equal(fast.quantise(encoder, acc)[0], symbols)
        assert fast.quantise(encoder, acc)[1] == clips


@given(arrays.arrays(np.int16, (3, 16), elements=st.integers(-254, 255)))
def test_inverse_dct_of_any_coefficients(levels):
    decoder = block_context().decoder
    np.testing.assert_array_equal(fast.inverse(decoder, levels), reference.inverse(decoder, levels))


def test_large_matrices_wrap_alike():
    """256 channels of extreme entries go beyond float32 and 24 bits."""
    entries = np.where(np.random.default_rng(1).random((256, 256)) < 0.5, -512, 511)
    entries[0] = -512
    encoder = EncoderContext(
        transform="matrix",
        coder="huffman",
        channels=256,
        components=256,
        q_max=1,
        zero_point=0,
        boundaries=(),
        lengths=np.array([[1, 2, 2]], np.uint8),
        matrix_bits=10,
        shift=np.zeros(256, np.int32),
        scale=np.full(256, 128, np.int32),
        bias=np.zeros(256, np.int32),
        matrix=entries.astype(np.int16),
    )
    vectors = np.random.default_rng(2).choice(np.array([-128, 127], np.int8), (6, 256))
    vectors[0] = -128
    exact = vectors.astype(np.int64) @ entries.T.astype(np.int64)
    assert exact.max() >= 1 << 23
    wrapped = (exact + (1 << 23)) % (1 << 24) - (1 << 23)
    np.testing.assert_array_equal(fast.forward(encoder, vectors), wrapped)
    np.testing.assert_array_equal(reference.forward(encoder, vectors[:1]), wrapped[:1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tile_vectors", [1, 7, 100, 65536])
def test_tiles(kind, tile_vectors):
    layer = context(kind)
    vectors = correlated(100, seed=5)
    encoded = layer.encode(vectors, tile_vectors)
    assert len(encoded) == -(-100 // tile_vectors)
    whole = layer.decode(encoded)
    for index in reversed(range(len(encoded))):
        rows = slice(index * tile_vectors, (index + 1) * tile_vectors)
        np.testing.assert_array_equal(layer.decode_tile(encoded[index]), whole[rows])
    assert encoded.bits == 32 * (len(encoded.words) + len(encoded))
    assert whole.min() >= layer.decoder.low
    assert whole.max() <= layer.decoder.high


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [False, True])
def test_a_decoder_written_from_the_document_alone(kind, raw):
    layer = context(kind)
    vectors = correlated(40, seed=11)
    vectors[10:20] = np.rint(layer.decoder.offset / 2**layer.decoder.inverse_shift)  # all zero
    tile = layer.encode(vectors, raw=raw)[0]
    decoded = slow_decoder.decode(layer.decoder.to_words(), tile)
    np.testing.assert_array_equal(layer.decode_tile(tile), decoded)


def test_every_number_of_vectors():
    for kind in ("dct4", "dct4 rice"):
        layer = context(kind)
        for count in range(1, 70):
            vectors = correlated(count, seed=count, spread=3.0)
            tile = layer.encode(vectors)[0]
            decoded = slow_decoder.decode(layer.decoder.to_words(), tile)
            np.testing.assert_array_equal(layer.decode_tile(tile), decoded)


FROZEN = {
    "pair": (small_encoder, small_decoder, 0xD271EF7A),
    "blocks": (lambda: block_context().encoder, lambda: block_context().decoder, 0xC4AFB0FD),
    "none": (
        lambda: replace(block_context().encoder, transform="none", **uniform()),
        lambda: replace(block_context().decoder, transform="none"),
        0x1E54DE9A,
    ),
}


def uniform():
    return {
        "shift": np.full(16, 3, np.int32),
        "scale": np.full(16, 171, np.int32),
        "bias": np.full(16, -4, np.int32),
    }


@pytest.mark.parametrize("name", FROZEN)
def test_tiles_do_not_change(name):
    """The CRC at the end of a tile of fixed vectors; another one is another format."""
    encoder, decoder, checksum = FROZEN[name]
    layer = Context(encoder(), decoder())
    rows = np.arange(50)[:, None] * np.arange(3, 3 + layer.channels)
    vectors = (rows % 97 % 61 - 30).astype(np.int8)
    vectors[20:30] //= 8
    vectors[30:40] = 0
    assert hex(layer.encode(vectors, raw=False)[0][-1]) == hex(checksum)


def test_error_is_bounded_by_the_step():
    """Without a clip each coefficient is within half a step of its value, and so is the vector."""
    for kind in ("pca", "dct4", "dct4 rice"):
        layer = context(kind)
        vectors = correlated(500, seed=6)
        symbols, _ = fast.quantise(layer.encoder, fast.forward(layer.encoder, vectors))
        inside = ((symbols > 0) & (symbols < layer.q_max)).all(axis=1)
        error = (layer.decode(layer.encode(vectors))[inside] - vectors[inside].astype(float)) ** 2
        assert inside.mean() > 0.9
        assert np.sqrt(error.mean()) < 1.1 * np.sqrt(layer.step**2 / 12 + 1 / 12)


def test_zero_point():
    """The mean itself codes to the zero point in every component, one code for all of them."""
    layer = Context(small_encoder(), small_decoder())
    mean = np.array([[10, 4]], np.int8)
    symbols, clips = fast.quantise(layer.encoder, fast.forward(layer.encoder, mean))
    assert symbols.tolist() == [[2, 2]]
    assert clips == 0
    assert layer.encoded_bits(mean) == 3
    assert layer.decode(layer.encode(mean)).tolist() == [[10, 4]]


@pytest.mark.parametrize("kind", ["eye", "eye rice", "dct4", "dct4 rice"])
def test_the_origin_stays_exact(kind):
    layer = context(kind)
    vectors = np.full((3, 16), -20, np.int8)
    np.testing.assert_array_equal(layer.decode(layer.encode(vectors)), vectors)


def test_clips_are_counted():
    layer = Context(small_encoder(), small_decoder())
    vectors = np.array([[127, 127], [10, 4], [10, 4]], np.int8)
    # the sum is clipped, the difference is not
    assert layer.encode(vectors, tile_vectors=2).clips.tolist() == [1, 0]


def test_raw_escape():
    layer = context("long")
    rng = np.random.default_rng(9)
    unlikely = np.argsort(layer.encoder.lengths[0])[-8:].astype(np.uint8)
    symbols = rng.choice(unlikely, (40, layer.components))
    payload, raw = fast.pack(layer.encoder, symbols, None)
    assert raw
    assert len(payload) == layer.params.max_payload_words(40)
    found = fast.unpack(layer.decoder, Tile(40, raw, 0, payload), 40)
    np.testing.assert_array_equal(found.levels + layer.decoder.zero_point, symbols)


@given(vectors=INT8)
def test_size_is_bounded(vectors):
    for kind in ("pca", "long", "pca_t", "dct4 rice"):
        layer = context(kind)
        words = layer.encode(vectors)[0]
        assert len(words) <= 2 + layer.params.max_payload_words(len(vectors), layer.components)
        assert layer.encoded_bits(vectors) >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_folded_coefficients(kind):
    layer, vectors = context(kind), correlated(50, seed=8)
    folded = Context(layer.encoder.folded(), layer.decoder)
    acc = fast.forward(layer.encoder, vectors)
    np.testing.assert_array_equal(
        folded.encode_coefficients(acc).words, layer.encode(vectors).words
    )
    with pytest.raises(ValueError, match="context must have a transform to encode vectors"):
        folded.encode(vectors)


@pytest.mark.parametrize("kind", KINDS)
def test_contexts_come_back(kind):
    layer = context(kind)
    for one in (layer.encoder, layer.decoder, layer.encoder.folded()):
        again = type(one).from_bytes(one.to_bytes(), layer.params)
        np.testing.assert_array_equal(again.to_words(), one.to_words())
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
            lambda c: c.encode(np.zeros((1, 16), np.int8), 65537),
            ValueError,
            "tile_vectors must be an int in 1..65536, not 65537",
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
        (
            lambda c: Context(c.encoder, context("relu").decoder),
            ValueError,
            "q_max must be the same in encoder and decoder",
        ),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(context())
    assert str(caught.value) == text


def test_params_of_a_context_hold_it():
    for kind in KINDS:
        layer = context(kind)
        layer.encoder.require_build(layer.params)
        layer.decoder.require_build(layer.params)


def test_lenient_decoding_of_sound_tiles():
    for kind in KINDS:
        layer = context(kind)
        vectors = correlated(30, seed=1)
        tile = layer.encode(vectors)[0]
        decoded, wrong = codec.decode_leniently(layer.decoder, tile, 30)
        assert wrong == []
        np.testing.assert_array_equal(decoded, layer.decode_tile(tile))
