"""Every fault of a context or tile raises its own error; the lenient decoder does what cores do."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.fmtc import (
    BadChecksum,
    BadRun,
    BadSymbol,
    ContextMismatch,
    DamagedStream,
    Decoder,
    DecoderContext,
    Encoded,
    Encoder,
    EncoderContext,
    LengthMismatch,
    MissingContext,
    Params,
    Underrun,
    UnsupportedContext,
    WordsLeftOver,
    codec,
    fast,
    reference,
)
from fmcodec.fmtc.context import read_context
from fmcodec.fmtc.tile import Tile, faults, unpack_tile
from tests.model.fmtc.cases import (
    block_context,
    context,
    correlated,
    retagged,
    sealed,
    small_decoder,
    small_encoder,
)

VECTORS = correlated(60, seed=2)
TILES = {kind: context(kind).encode(VECTORS)[0] for kind in ("pca", "dct4", "dct4 rice")}
TILE = TILES["pca"]
CONTEXTS = [
    small_encoder().to_words(),
    small_decoder().to_words(),
    block_context().encoder.to_words(),
    block_context().decoder.to_words(),
    replace(small_encoder(), scale=np.array([130, 140], np.int32)).to_words(),
]
WORDS = st.lists(st.integers(0, 2**32 - 1), max_size=40)


@pytest.mark.parametrize("kind", TILES)
@given(data=st.data())
def test_every_single_bit_error_of_a_tile_is_noticed(kind, data):
    words = TILES[kind].copy()
    bit = data.draw(st.integers(0, 32 * len(words) - 1))
    words[bit // 32] ^= np.uint32(1 << 31 - bit % 32)
    with pytest.raises(DamagedStream):
        context(kind).decode_tile(words)


@pytest.mark.parametrize("good", CONTEXTS)
def test_every_single_bit_error_of_a_context_is_noticed(good):
    for bit in range(32 * len(good)):
        words = good.copy()
        words[bit // 32] ^= np.uint32(1 << 31 - bit % 32)
        with pytest.raises(DamagedStream):
            read_context(words)


@pytest.mark.parametrize("good", CONTEXTS)
def test_a_sealed_bit_error_of_a_context_is_another_context_or_none(good):
    """With a CRC that fits, no field is read as anything but itself."""
    for bit in range(32 * (len(good) - 1)):
        words = good.copy()
        words[bit // 32] ^= np.uint32(1 << 31 - bit % 32)
        words = sealed(words)
        try:
            found = read_context(words)
        except DamagedStream:
            continue
        np.testing.assert_array_equal(found.to_words(), words)


@given(WORDS, st.sampled_from(CONTEXTS), st.integers(0, 6))
def test_wild_contexts_never_pass_nor_crash(words, good, kept):
    wild = sealed([*good[:kept], *words, 0])
    try:
        found = read_context(wild)
    except DamagedStream:
        return
    assert len(found.to_words()) == len(wild)


@pytest.mark.parametrize("kind", ["pca", "dct4", "dct4 rice", "eye rice"])
@given(WORDS, st.integers(1, 400), st.booleans(), st.integers(0, 2**32 - 1))
def test_wild_payloads_are_decoded_alike(kind, payload, num_vectors, raw, fill):
    """Whatever the payload, reference and fast decoding agree: the same vectors and faults."""
    decoder = context(kind).decoder
    words = np.array([*payload, *[fill] * (len(payload) % 7)], dtype=np.uint32)
    tile = Tile(num_vectors, raw, decoder.tag, words)
    found = [model.unpack(decoder, tile, num_vectors) for model in (fast, reference)]
    np.testing.assert_array_equal(found[0].levels, found[1].levels)
    assert [str(f) for f in faults(decoder, tile, num_vectors, found[0], True)] == [
        str(f) for f in faults(decoder, tile, num_vectors, found[1], True)
    ]
    ends = [(f.end, f.bad_symbol, f.bad_run) for f in found]
    assert ends[0] == ends[1]
    np.testing.assert_array_equal(
        fast.inverse(decoder, found[0].levels), reference.inverse(decoder, found[1].levels)
    )


CODES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 255)), min_size=20, max_size=60)


@given(CODES, st.integers(1, 6))
def test_wild_codes_of_rice_are_decoded_alike(codes, num_vectors):
    """Unary parts of every length, of large parameters too: e goes beyond its 8 bits."""
    decoder = context("dct4 rice").decoder
    text = "1" * 64 + "".join("1" * ones + "0" * (ones < 8) + f"{low:08b}" for ones, low in codes)
    text += "0" * (-len(text) % 32)
    words = np.array([int(text[at : at + 32], 2) for at in range(0, len(text), 32)], np.uint32)
    tile = Tile(num_vectors, False, decoder.tag, words)
    found = [model.unpack(decoder, tile, num_vectors) for model in (fast, reference)]
    np.testing.assert_array_equal(found[0].levels, found[1].levels)
    assert found[0].levels.min() >= -128
    assert found[0].levels.max() <= 127
    ends = [(f.end, f.bad_symbol, f.bad_run) for f in found]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("kind", TILES)
@given(words=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20), count=st.integers(1, 99))
def test_the_lenient_decoder_always_gives_what_was_asked_for(kind, words, count):
    decoder = context(kind).decoder
    vectors, wrong = codec.decode_leniently(decoder, np.array(words, np.uint32), count)
    assert vectors.shape == (count, 16)
    assert wrong
    assert vectors.min() >= decoder.low
    assert vectors.max() <= decoder.high


@pytest.mark.parametrize("kind", TILES)
def test_what_is_damaged_late_is_right_before(kind):
    """Vectors whose bits came in order are right; the causes are those of the damage."""
    layer = context(kind)
    tile, good = TILES[kind], layer.decode(layer.encode(VECTORS))
    cut = np.append(tile[: len(tile) // 2], tile[-1]).astype(np.uint32)
    vectors, wrong = codec.decode_leniently(layer.decoder, cut, 60)
    assert [type(w) for w in wrong][:2] == [Underrun, BadChecksum]
    assert len(vectors) == 60
    assert (vectors[:15] == good[:15]).all()
    more = sealed(np.insert(tile, -1, [1, 2]))
    vectors, wrong = codec.decode_leniently(layer.decoder, more, 60)
    assert [type(w) for w in wrong] == [WordsLeftOver]
    np.testing.assert_array_equal(vectors, good)
    vectors, wrong = codec.decode_leniently(layer.decoder, tile, 61)
    assert LengthMismatch in map(type, wrong)
    np.testing.assert_array_equal(vectors[:60], good)
    vectors, wrong = codec.decode_leniently(layer.decoder, tile, 59)
    assert LengthMismatch in map(type, wrong)
    np.testing.assert_array_equal(vectors, good[:59])


def test_a_tile_of_one_word_is_its_header():
    layer = context()
    header = TILE[:1]
    vectors, wrong = codec.decode_leniently(layer.decoder, header, 60)
    assert [type(w) for w in wrong] == [Underrun, BadChecksum]
    assert len(vectors) == 60
    with pytest.raises(Underrun, match="ends inside its header"):
        layer.decode_tile(TILE[:0])


def test_a_raw_symbol_too_large_is_taken_as_it_is():
    layer = context()
    tile = layer.encode(VECTORS[:1], raw=True)[0]
    tile[1] |= np.uint32(0xFF000000)
    vectors, wrong = codec.decode_leniently(layer.decoder, sealed(tile), 1)
    assert [type(w) for w in wrong] == [BadSymbol]
    levels = fast.unpack(layer.decoder, unpack_tile(tile), 1).levels
    assert levels[0, 0] == 255 - layer.decoder.zero_point
    np.testing.assert_array_equal(vectors, fast.inverse(layer.decoder, levels))


def rice_tile(bits, num_vectors=1):
    """A tile of the block context with this payload."""
    bits += "0" * (-len(bits) % 32)
    words = [int(bits[at : at + 32], 2) for at in range(0, len(bits), 32)]
    return sealed([num_vectors - 1 << 16 | block_context().tag, *words, 0])


# z = 1 and kr = 2 at the start: `10 0 01` is a zero and two more, `10 1` a zero and four more
@pytest.mark.parametrize("escape", ["111111110" + "1111111", "11111111" + "01111111"])
def test_a_rice_code_of_no_coefficient(escape):
    vectors, wrong = codec.decode_leniently(block_context().decoder, rice_tile(escape), 1)
    kinds = [type(w) for w in wrong]
    assert BadSymbol in kinds
    levels = fast.unpack(block_context().decoder, unpack_tile(rice_tile(escape)), 1).levels
    assert levels[0, 0] == -128
    assert vectors.shape == (1, 16)


@pytest.mark.parametrize("count", [2, 3])
def test_a_run_beyond_the_tile(count):
    """Three full runs leave the last words of a vector to one that is not full."""
    decoder = block_context().decoder
    for payload in range(1 << 16):
        tile = rice_tile(f"{payload:016b}")
        found = fast.unpack(decoder, unpack_tile(tile), 1)
        if found.bad_run >= 0:
            break
    again = reference.unpack(decoder, unpack_tile(tile), 1)
    assert again.bad_run == found.bad_run > 0
    assert again.end == found.end
    _, wrong = codec.decode_leniently(decoder, tile, 1)
    assert BadRun in map(type, wrong)
    # the same bits are sound, or damaged later, where the tile has more vectors
    assert fast.unpack(decoder, unpack_tile(tile), count).bad_run != found.bad_run


def test_another_layers_tile():
    other = retagged(context(), 0x0123)
    with pytest.raises(ContextMismatch, match="another layer's tile"):
        other.decode_tile(TILE)
    vectors, wrong = codec.decode_leniently(other.decoder, TILE, 60)
    assert [type(w) for w in wrong] == [ContextMismatch]
    np.testing.assert_array_equal(vectors, context().decode_tile(TILE))


@pytest.mark.parametrize("read", [DecoderContext.from_words, context().decode_tile])
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
        EncoderContext.from_bytes("FMTC")
    with pytest.raises(Underrun, match="ends inside a word"):
        EncoderContext.from_bytes(context().encoder.to_bytes()[:-1])


def test_one_bad_tile_gives_nothing():
    layer = context()
    encoded = layer.encode(correlated(90, seed=3), tile_vectors=30)
    words = encoded.words.copy()
    words[-1] ^= np.uint32(1)
    with pytest.raises(DamagedStream):
        layer.decode(Encoded(words, encoded.starts, encoded.clips))


def test_decoder_needs_a_context_and_keeps_it():
    layer = context()
    decoder = Decoder(layer.params)
    with pytest.raises(MissingContext) as caught:
        decoder.decode_tile(TILE)
    assert str(caught.value) == "context must be loaded before a tile is coded"
    decoder.load(layer.decoder.to_words())
    good = decoder.decode_tile(TILE)
    damaged = layer.decoder.to_words()
    damaged[9] ^= np.uint32(2)
    with pytest.raises(BadChecksum):
        decoder.load(damaged)
    np.testing.assert_array_equal(decoder.decode_tile(TILE), good)


def test_a_tag_says_from_which_tile_on_a_context_holds():
    first, second = context(), retagged(context(), 0x7FFF)
    encoder, decoder = Encoder(first.params), Decoder(first.params)
    encoder.load(first.encoder.to_words())
    decoder.load(first.decoder.to_words())
    encoder.load(second.encoder.to_words())
    decoder.load(second.decoder.to_words())
    for tag in (first.tag, second.tag):
        tile = encoder.encode_tile(VECTORS, tag)[0]
        assert int(tile[0]) & 0x7FFF == tag
        np.testing.assert_array_equal(decoder.decode_tile(tile, 60), first.decode_tile(TILE))
        assert decoder.context.tag == tag
    _, wrong = decoder.decode_leniently(TILE, 60)  # the first is gone
    assert [type(w) for w in wrong] == [ContextMismatch]
    assert decoder.waiting is None


def test_a_refused_context_takes_the_place_of_the_one_that_waited():
    first, second = context(), retagged(context(), 5)
    decoder = Decoder(first.params)
    decoder.load(first.decoder.to_words())
    decoder.load(second.decoder.to_words())
    with pytest.raises(DamagedStream):
        decoder.load(second.decoder.to_words()[:-1])
    assert decoder.waiting is None
    assert decoder.context.tag == first.tag


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (Params(4), "channels must be 4 in this build, not 2"),
        (Params(2, matrix_bits=10), "matrix_bits must be 10 in this build, not 8"),
        (Params(2, q_max=4), "q_max must be at most 4 in this build, not 5"),
        (Params(2, tables=1), "groups must be at most 1 in this build, not 2"),
        (Params(2, "none"), "transform must be none in this build, not matrix"),
        (Params(2, coder="rice"), "coder must be rice in this build, not huffman"),
    ],
)
def test_unsupported_contexts(build, text):
    for one in (small_encoder(), small_decoder()):
        with pytest.raises(UnsupportedContext) as caught:
            type(one).from_words(one.to_words(), build)
        assert caught.value.reason == text


def test_unsupported_code_length_and_kind():
    long = context("long").decoder
    with pytest.raises(UnsupportedContext, match="code_bits must be at most 12 in this build"):
        DecoderContext.from_words(long.to_words(), Params(16))
    with pytest.raises(UnsupportedContext, match="kind must be encoder, not decoder"):
        EncoderContext.from_words(long.to_words())


def test_a_folded_core_takes_folded_contexts_alone():
    layer = context()
    folded, plain = Encoder(layer.params, folded=True), Encoder(layer.params)
    text = "transform must be {} in this build, not {}$"
    with pytest.raises(UnsupportedContext, match=text.format("folded", "matrix")):
        folded.load(layer.encoder.to_words())
    with pytest.raises(UnsupportedContext, match=text.format("matrix", "folded")):
        plain.load(layer.encoder.folded().to_words())
    folded.load(layer.encoder.folded().to_words())
    coefficients = fast.forward(layer.encoder, VECTORS)
    np.testing.assert_array_equal(folded.encode_tile(coefficients, layer.tag)[0], TILE)


@pytest.mark.parametrize(
    ("make", "changes", "error", "text"),
    [
        (
            small_encoder,
            {"bias": np.zeros(2)},
            TypeError,
            "bias must be an array of int32, not array([0., 0.])",
        ),
        (
            small_encoder,
            {"scale": np.full(2, 127, np.int32)},
            ValueError,
            "scale must be in 128..255",
        ),
        (small_encoder, {"shift": np.full(2, 16, np.int32)}, ValueError, "shift must be in 0..15"),
        (
            small_encoder,
            {"shift": np.zeros(1, np.int32)},
            ValueError,
            "shift must be of shape (2,), not (1,)",
        ),
        (
            small_decoder,
            {"inverse_shift": 16},
            ValueError,
            "inverse_shift must be in 0..15, not 16",
        ),
        (small_decoder, {"inverse_scale": 0}, ValueError, "inverse_scale must be in 1..255, not 0"),
        (small_decoder, {"high": -1}, ValueError, "high must be in 0..127, not -1"),
        (
            small_decoder,
            {"offset": np.full(2, 1 << 23, np.int32)},
            ValueError,
            "offset must be of 24 bits",
        ),
        (
            small_decoder,
            {"boundaries": (2,)},
            ValueError,
            "boundaries must be ascending ints in 1..1, not (2,)",
        ),
        (
            small_encoder,
            {"matrix": np.full((2, 2), 128, np.int16)},
            ValueError,
            "matrix must be in -128..127",
        ),
        (
            small_decoder,
            {"lengths": np.full((2, 7), 3, np.uint8)},
            ValueError,
            "lengths of table 0 must have a Kraft sum of 1",
        ),
        (
            small_decoder,
            {"transform": "dct4", "matrix": np.zeros((0, 2), np.int16)},
            ValueError,
            "channels must be 16 with dct4, not 2",
        ),
        (
            small_decoder,
            {"transform": "none", "matrix": np.zeros((0, 2), np.int16)},
            ValueError,
            "offset must be the same for all values without a matrix",
        ),
        (
            small_decoder,
            {"transform": "folded"},
            ValueError,
            "transform must be one of none, matrix, dct4, not 'folded'",
        ),
        (block_context, {"zero_point": 129}, ValueError, "zero_point must be in 127..128, not 129"),
        (block_context, {"tag": 1 << 15}, ValueError, "tag must be in 0..32767, not 32768"),
    ],
)
def test_contexts_that_cannot_be_made(make, changes, error, text):
    with pytest.raises(error) as caught:
        make(**changes)
    assert str(caught.value) == text


def test_errors_cross_processes():
    tile = context().encode(VECTORS[:1], raw=True)[0]
    tile[1] |= np.uint32(0xFF000000)
    with pytest.raises(BadSymbol) as caught:
        context().decode_tile(sealed(tile))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (BadSymbol, str(caught.value))
