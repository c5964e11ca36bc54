"""Rice: the reference against a second decoder and frozen vectors, the fast path against it."""

import numpy as np
import pytest
from hypothesis import given

from fmcodec.bits import unsigned_dtype
from fmcodec.rice import Encoded, Params, best_params, fast, reference
from tests.model.ebpc.cases import packets
from tests.model.rice import slow_decoder
from tests.model.rice.cases import FLAGS, KINDS, make, params_and_words, vectors

IMPLEMENTATIONS = [reference, fast]


@pytest.mark.parametrize("model", IMPLEMENTATIONS)
def test_frozen_vectors(model):
    seen = 0
    for name, params, words, encoded in vectors():
        assert model.encode(params, words) == encoded, name
        decoded = model.decode(Params(params.word_bits), encoded)
        np.testing.assert_array_equal(decoded, words, err_msg=name)
        assert decoded.dtype == words.dtype, name
        seen += 1
    assert seen == 8 * 8 + 5 * 8


def test_frozen_vectors_by_the_document_alone():
    for name, params, words, encoded in vectors():
        code = [f"{word:x}" for word in encoded.code.tolist()]
        assert slow_decoder.decode(code, params.word_bits, len(words)) == words.tolist(), name


@given(params_and_words())
def test_all_implementations_agree(case):
    params, words = case
    expected = reference.encode(params, words)
    assert params.encode(words) == expected
    for model in IMPLEMENTATIONS:
        # the stream tells the flags
        decoded = model.decode(Params(params.word_bits), expected)
        np.testing.assert_array_equal(decoded, words)
        assert decoded.dtype == words.dtype
    lenient, damaged = reference.decode_lenient(params, expected)
    np.testing.assert_array_equal(lenient, words)
    assert damaged is False
    code = [f"{word:x}" for word in expected.code.tolist()]
    assert slow_decoder.decode(code, params.word_bits, len(words)) == words.tolist()
    assert params.encoded_bits(words) == reference.encoded_bits(params, words)


@pytest.mark.parametrize("word_bits", [4, 5, 7, 8, 9, 12, 16, 17, 24, 31, 32])
def test_every_size_of_every_kind(word_bits):
    rng = np.random.default_rng(word_bits)
    for size in [*range(1, 20), *range(30, 40), 63, 64, 65, 255, 256, 257]:
        for kind in KINDS:
            params = Params(word_bits, *FLAGS[rng.integers(8)])
            words = make(kind, size, word_bits, rng)
            encoded = params.encode(words)
            assert encoded == reference.encode(params, words), (kind, params)
            np.testing.assert_array_equal(params.decode(encoded), words)
            np.testing.assert_array_equal(reference.decode(params, encoded), words)


@given(params_and_words())
def test_sizes(case):
    params, words = case
    encoded = params.encode(words)
    bits, m = params.encoded_bits(words), params.word_bits
    assert type(bits) is int
    assert len(encoded.code) == -(-bits // m)
    assert m * len(encoded.code) <= params.max_encoded_bits(len(words))
    assert params.max_encoded_bits(len(words)) <= m * (9 / 8 * len(words) + 4)
    ends = fast.code_ends(params, words)
    assert ends[-1].tolist() == [len(words), bits]
    lengths = np.diff(ends[:, 1], prepend=3)
    assert lengths.min() >= 1
    assert lengths.max() <= params.max_code_bits


@given(packets(8))
def test_ports_change_no_stream(words):
    streams = [Params(port_words=ports).encode(words) for ports in (1, 2, 4)]
    assert streams[0] == streams[1] == streams[2]


@given(params_and_words())
def test_cycles(case):
    params, words = case
    ends = fast.code_ends(params, words).tolist()
    for ports in (1, 2, 4):
        core = Params(params.word_bits, params.signed, params.delta, params.sign_last, ports)
        beat, cycles, position, done = ports * params.word_bits, 0, 0, 0
        for word, bit in ends:
            cycles += max(word - done, bit // beat - position // beat)
            done, position = word, bit
        assert core.max_cycles(words) == cycles + 8
        assert core.max_cycles(words) >= len(words)
        if ports > 1 and params.word_bits >= 8:
            assert core.max_cycles(words) == len(words) + 8
            assert core.guaranteed_words_per_cycle == 1


@pytest.mark.parametrize("word_bits", [8, 12, 16, 32])
def test_unsigned_arrays_are_bit_patterns(word_bits):
    words = make("random", 300, word_bits, np.random.default_rng(1))
    patterns = words.view(unsigned_dtype(word_bits))
    patterns = patterns & patterns.dtype.type((1 << word_bits) - 1)
    for flags in FLAGS:
        params = Params(word_bits, *flags)
        assert params.encode(patterns) == params.encode(words)


def test_layout_in_memory_does_not_matter():
    params = Params(16)
    words = np.arange(-300, 300, dtype=np.int16)
    assert params.encode(words[::-3]) == params.encode(words[::-3].copy())
    assert params.encode(words.astype(">i2")) == params.encode(words)
    encoded = params.encode(words)
    strided = Encoded(np.repeat(encoded.code, 2)[::2], encoded.num_words)
    np.testing.assert_array_equal(params.decode(strided), words)


def test_input_is_not_changed():
    words = np.array([3, 0, -5] * 20, dtype=np.int8)
    words.flags.writeable = False
    encoded = Params().encode(words)
    encoded.code.flags.writeable = False
    np.testing.assert_array_equal(Params().decode(encoded), words)


def test_two_packets_are_equal_by_their_streams():
    words = np.array([1, 2, 3], dtype=np.int8)
    assert Params().encode(words) == Params().encode(words)
    assert Params().encode(words) != Params().encode(words[:2])
    assert Params().encode(words) != Params().encode(words + np.int8(1))
    assert Params().encode(words) != "stream"


def test_random_words_take_little_more():
    rng = np.random.default_rng(0)
    for word_bits in (4, 5, 6, 7, 8, 12, 16, 32):
        words = make("random", 1 << 18, word_bits, rng)
        for flags in FLAGS:
            bits = Params(word_bits, *flags).encoded_bits(words)
            assert bits < 1.04 * word_bits * len(words), (word_bits, flags)


@given(params_and_words())
def test_best_flags_are_the_smallest(case):
    params, words = case
    best = best_params(words, params.word_bits, port_words=2)
    sizes = [Params(params.word_bits, *flags).encoded_bits(words) for flags in FLAGS]
    assert best.encoded_bits(words) == min(sizes)
    assert best.port_words == 2


def test_best_flags_of_several_packets_with_one_given():
    ramp = np.arange(-100, 100, dtype=np.int8)
    assert best_params([ramp, ramp[::-1]], sign_last=False) == Params(8, True, True, False)
    assert best_params(ramp, delta=False).delta is False
