"""EBPC: the reference against the published vectors, the fast path against the reference."""

import numpy as np
import pytest
from hypothesis import given

from fmcodec.ebpc import Encoded, Params, fast, reference
from fmcodec.words import signed_words
from tests.model.ebpc.cases import packets, params_and_words, vectors

IMPLEMENTATIONS = [reference, fast]


@pytest.mark.parametrize("model", IMPLEMENTATIONS)
def test_published_vectors(model):
    seen = 0
    for name, params, words, streams in vectors():
        encoded = model.encode(params, words)
        assert encoded == streams, name
        assert encoded.bpc.dtype == streams.bpc.dtype, name
        decoded = model.decode(params, streams)
        np.testing.assert_array_equal(decoded, words, err_msg=name)
        assert decoded.dtype == words.dtype, name
        seen += 1
    assert seen == 5 * 31


@given(params_and_words())
def test_fast_and_reference_agree(case):
    params, words = case
    expected = reference.encode(params, words)
    assert params.encode(words) == expected
    for model in IMPLEMENTATIONS:
        decoded = model.decode(params, expected)
        np.testing.assert_array_equal(decoded, words)
        assert decoded.dtype == words.dtype
    assert reference.decode_lenient(params, expected)[1] is False
    assert params.encoded_bits(words) == reference.encoded_bits(params, words)
    assert params.symbol_counts(words) == reference.symbol_counts(params, words)
    assert params.block_costs(words) == reference.block_costs(params, words)


@given(params_and_words())
def test_sizes_keep_their_bounds(case):
    params, words = case
    encoded = params.encode(words)
    bits = params.encoded_bits(words)
    m = params.word_bits
    assert bits <= m * (len(encoded.bpc) + len(encoded.znz)) <= params.max_encoded_bits(len(words))
    costs = params.block_costs(words)
    assert sum(cost.words for cost in costs) == len(words)
    assert all(cost.bits <= params.max_block_bits for cost in costs)
    assert len(encoded.bpc) == -(-sum(cost.bits for cost in costs) // m)


@pytest.mark.parametrize("block_words", [4, 8, 16, 32])
@pytest.mark.parametrize("word_bits", [4, 7, 8, 9, 12, 16, 17, 24, 31, 32])
def test_sizes_around_a_word_and_a_block(word_bits, block_words):
    params = Params(word_bits, block_words, 4)
    generator = np.random.default_rng(word_bits * block_words)
    width = params.encode(np.ones(1, f"i{signed_words(word_bits, np.ones(1)).itemsize}")).bpc.dtype
    for size in [*range(1, 2 * block_words + 2), 255, 256, 257]:
        for density in (0, 0.3, 1):
            values = generator.integers(1, 1 << word_bits, size)
            words = np.where(generator.random(size) < density, values, 0).astype(width)
            encoded = params.encode(words)
            assert encoded == reference.encode(params, words)
            expected = signed_words(word_bits, words)
            np.testing.assert_array_equal(params.decode(encoded), expected)
            np.testing.assert_array_equal(reference.decode(params, encoded), expected)


@given(packets(8))
def test_every_pair_of_ports_gives_the_same_streams(words):
    assert Params(port_words=1).encode(words) == Params(port_words=2).encode(words)


@given(packets(8))
def test_unsigned_words_are_bit_patterns(words):
    assert Params().encode(words.view(np.uint8)) == Params().encode(words)


def test_unsigned_words_of_a_narrow_width():
    params = Params(word_bits=4)
    words = np.array([1, 7, 8, 15], dtype=np.uint8)
    assert params.encode(words) == params.encode(np.array([1, 7, -8, -1], dtype=np.int8))


def test_layout_in_memory_does_not_matter():
    params = Params(16)
    words = np.arange(-300, 300, dtype=np.int16)
    assert params.encode(words[::-3]) == params.encode(words[::-3].copy())
    assert params.encode(words.astype(">i2")) == params.encode(words)
    encoded = params.encode(words)
    strided = Encoded(np.repeat(encoded.bpc, 2)[::2], encoded.znz, encoded.num_words)
    np.testing.assert_array_equal(params.decode(strided), words)


def test_input_is_not_changed():
    words = np.array([3, 0, -5] * 20, dtype=np.int8)
    words.flags.writeable = False
    encoded = Params().encode(words)
    encoded.bpc.flags.writeable = encoded.znz.flags.writeable = False
    np.testing.assert_array_equal(Params().decode(encoded), words)


def test_symbol_counts_of_a_block_with_every_symbol():
    counts = Params().symbol_counts(np.array([1, 5, 5, 5, 6, 8, 8, 8], dtype=np.int8))
    assert counts == {
        "base": 1,
        "plane run": 1,
        "all ones": 0,
        "zero plane": 1,
        "pair": 1,
        "single": 1,
        "raw": 1,
    }


def test_block_costs_count_zeros_to_the_next_block():
    words = np.array([0, 0] + [1] * 8 + [0] + [1] * 3 + [0] * 5, dtype=np.int8)
    assert [cost.words for cost in Params().block_costs(words)] == [10, 9]
    assert Params().block_costs(np.zeros(5, np.int8)) == [(5, 8)]


def test_worst_case_is_reached():
    blocks = np.random.default_rng(0).integers(1, 256, (2000, 8)).astype(np.uint8)
    assert max(Params().block_costs(block)[0].bits for block in blocks) == 80
    assert Params().max_block_bits == 80


def test_two_packets_are_equal_by_their_streams():
    words = np.array([1, 2, 3], dtype=np.int8)
    one, two = Params().encode(words), Params().encode(words)
    assert one == two
    assert one != Params().encode(words[:2])
    assert one != Params().encode(words + np.int8(1))
    assert one != "streams"


SIZES = [
    # m, n, z: planes, run bits, position bits, zero-run bits, longest symbol, worst block
    ((8, 8, 16), (9, 3, 3, 4, 8, 80)),
    ((8, 16, 16), (9, 3, 4, 4, 16, 152)),
    ((16, 16, 16), (17, 4, 4, 4, 16, 288)),
    ((16, 8, 16), (17, 4, 3, 4, 8, 152)),
    ((32, 16, 256), (33, 5, 4, 8, 16, 560)),
    ((8, 4, 2), (9, 3, 2, 1, 7, 71)),
]


@pytest.mark.parametrize(("shape", "sizes"), SIZES)
def test_sizes_that_follow_from_the_parameters(shape, sizes):
    p = Params(*shape)
    symbol, block = p.max_symbol_bits, p.max_block_bits
    fields = (p.planes, p.run_bits, p.position_bits, p.zero_run_bits, symbol, block)
    assert fields == sizes
