"""EBPC: what is refused, by exact text, and damaged streams."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.ebpc import DamagedStream, Encoded, Params, fast, reference
from tests.model.ebpc.cases import params_and_words

PARAMS = [
    ({"word_bits": 3}, ValueError, "word_bits must be an int in 4..32, not 3"),
    ({"word_bits": 33}, ValueError, "word_bits must be an int in 4..32, not 33"),
    ({"word_bits": 0}, ValueError, "word_bits must be an int in 4..32, not 0"),
    ({"word_bits": 8.0}, TypeError, "word_bits must be an int in 4..32, not 8.0"),
    ({"word_bits": "8"}, TypeError, "word_bits must be an int in 4..32, not '8'"),
    ({"word_bits": True}, TypeError, "word_bits must be an int in 4..32, not True"),
    ({"block_words": 6}, ValueError, "block_words must be 4, 8, 16 or 32, not 6"),
    ({"block_words": 8.0}, TypeError, "block_words must be 4, 8, 16 or 32, not 8.0"),
    ({"max_zero_run": 12}, ValueError, "max_zero_run must be a power of two in 2..256, not 12"),
    ({"max_zero_run": 512}, ValueError, "max_zero_run must be a power of two in 2..256, not 512"),
    ({"max_zero_run": 1}, ValueError, "max_zero_run must be a power of two in 2..256, not 1"),
    ({"port_words": 4}, ValueError, "port_words must be 1 or 2, not 4"),
]


@pytest.mark.parametrize(("settings", "error", "message"), PARAMS)
def test_parameters(settings, error, message):
    with pytest.raises(error) as caught:
        Params(**settings)
    assert str(caught.value) == message


def test_parameters_are_immutable():
    with pytest.raises(AttributeError):
        Params().word_bits = 16


@pytest.mark.parametrize(("word_bits", "expected"), [(4, 8), (8, 8), (9, 16), (16, 16), (32, 16)])
def test_blocks_are_of_16_where_words_are_wider_than_8_bits(word_bits, expected):
    assert Params(word_bits).block_words == expected
    assert Params(word_bits) == Params(word_bits, expected)
    assert Params(word_bits, 8).block_words == 8
    assert Params.from_config({"word_bits": word_bits}).get_config()["block_words"] == expected


def test_config_round_trip():
    params = Params(16, 4, 32, 2)
    config = {"id": "ebpc", "word_bits": 16, "block_words": 4, "max_zero_run": 32, "port_words": 2}
    assert params.get_config() == config
    assert Params.from_config(config) == params


WORDS = [
    (8, [1, 2], TypeError, "words must be a numpy array, not list"),
    (8, b"ab", TypeError, "words must be a numpy array, not bytes"),
    (8, np.zeros(3, np.int16), TypeError, "words must be int8 or uint8, not int16"),
    (8, np.zeros(3), TypeError, "words must be int8 or uint8, not float64"),
    (8, np.zeros(3, bool), TypeError, "words must be int8 or uint8, not bool"),
    (16, np.zeros(3, np.float16), TypeError, "words must be int16 or uint16, not float16"),
    (16, np.zeros(3, np.int8), TypeError, "words must be int16 or uint16, not int8"),
    (12, np.zeros(3, np.int8), TypeError, "words must be int16 or uint16, not int8"),
    (32, np.zeros(3, np.int64), TypeError, "words must be int32 or uint32, not int64"),
    (8, np.array(["a"]), TypeError, "words must be int8 or uint8, not <U1"),
    (
        8,
        np.zeros((2, 3), np.int8),
        ValueError,
        "words must be one-dimensional, not of shape (2, 3)",
    ),
    (8, np.int8([[[1]]])[0, 0, 0], TypeError, "words must be a numpy array, not int8"),
    (8, np.zeros(0, np.int8), ValueError, "words must hold at least one word, not 0"),
    (4, np.array([3, 8], np.int8), ValueError, "words must be in -8..7, not 8"),
    (4, np.array([3, -9], np.int8), ValueError, "words must be in -8..7, not -9"),
    (4, np.array([3, 16], np.uint8), ValueError, "words must be in 0..15, not 16"),
    (12, np.array([2048], np.int16), ValueError, "words must be in -2048..2047, not 2048"),
]


@pytest.mark.parametrize("call", ["encode", "encoded_bits", "block_costs", "symbol_counts"])
@pytest.mark.parametrize(("word_bits", "words", "error", "message"), WORDS)
def test_words(call, word_bits, words, error, message):
    for model in (reference, fast):
        with pytest.raises(error) as caught:
            getattr(model, call)(Params(word_bits), words)
        assert str(caught.value) == message


U8 = np.array([1], np.uint8)
ENCODED = [
    ((U8, U8), TypeError, "encoded must be an Encoded, not tuple"),
    (Encoded(U8, U8, 0), ValueError, "num_words must be an int >= 1, not 0"),
    (Encoded(U8, U8, 2.0), TypeError, "num_words must be an int >= 1, not 2.0"),
    (Encoded([1], U8, 1), TypeError, "bpc must be a numpy array, not list"),
    (Encoded(U8, U8.view(np.int8), 1), TypeError, "znz must be uint8, not int8"),
    (Encoded(U8.astype(np.uint16), U8, 1), TypeError, "bpc must be uint8, not uint16"),
    (Encoded(U8[None], U8, 1), ValueError, "bpc must be one-dimensional, not of shape (1, 1)"),
    (Encoded(U8, np.uint8([16]), 1), ValueError, "znz must be in 0..15, not 16"),
]


@pytest.mark.parametrize(("encoded", "error", "message"), ENCODED)
def test_encoded(encoded, error, message):
    params = Params(word_bits=4 if "15" in message else 8)
    for model in (reference, fast):
        with pytest.raises(error) as caught:
            model.decode(params, encoded)
        assert str(caught.value) == message


def outcome(model, params, encoded):
    """The words, or what is damaged where."""
    try:
        words = model.decode(params, encoded)
    except DamagedStream as damage:
        return damage.stream, damage.bit, damage.reason, str(damage)
    return words.tolist()


@st.composite
def damaged(draw):
    """Streams of a packet with flipped bits, words missing, words too many, or another N."""
    params, words = draw(params_and_words())
    encoded = params.encode(words)
    streams = {"bpc": encoded.bpc.copy(), "znz": encoded.znz.copy()}
    num_words = encoded.num_words
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(["bpc", "znz", "num_words"]))
        if name == "num_words":
            num_words = draw(st.integers(1, 2 * num_words + 20))
            continue
        stream = streams[name]
        kind = draw(st.sampled_from(["flip", "cut", "append"]))
        if kind == "flip" and len(stream):
            bit = draw(st.integers(0, params.word_bits - 1))
            stream[draw(st.integers(0, len(stream) - 1))] ^= 1 << bit
        elif kind == "cut":
            streams[name] = stream[: draw(st.integers(0, len(stream)))]
        else:
            more = draw(st.lists(st.integers(0, (1 << params.word_bits) - 1), max_size=3))
            streams[name] = np.concatenate((stream, np.array(more, stream.dtype)))
    return params, Encoded(streams["bpc"], streams["znz"], num_words)


@given(damaged())
def test_damaged_streams(case):
    params, encoded = case
    expected = outcome(reference, params, encoded)
    assert outcome(fast, params, encoded) == expected
    words, flag = reference.decode_lenient(params, encoded)
    assert len(words) == encoded.num_words
    assert flag is isinstance(expected, tuple)
    if not flag:
        assert words.tolist() == expected


@given(st.binary(max_size=60), st.binary(max_size=20), st.integers(1, 200))
def test_noise(bpc, znz, num_words):
    noise = Encoded(np.frombuffer(bpc, np.uint8), np.frombuffer(znz, np.uint8), num_words)
    for params in (Params(), Params(8, 16, 2), Params(8, 4, 256)):
        expected = outcome(reference, params, noise)
        assert outcome(fast, params, noise) == expected
        words, flag = reference.decode_lenient(params, noise)
        assert (len(words), flag) == (num_words, isinstance(expected, tuple))


def test_wrong_count_fills_no_memory():
    encoded = Params().encode(np.array([1, 0, 3], np.int8))
    with pytest.raises(DamagedStream) as caught:
        Params().decode(Encoded(encoded.bpc, encoded.znz, 10**15))
    assert str(caught.value) == "znz stream, bit 8: ends early"


def test_damage_crosses_processes():
    damage = pickle.loads(pickle.dumps(DamagedStream("bpc", 7, "ends early")))
    assert (damage.stream, damage.bit, damage.reason) == ("bpc", 7, "ends early")
    assert isinstance(damage, ValueError)
