"""Rice: what is refused, by exact text, and damaged streams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.rice import DamagedStream, Encoded, Params, best_params, fast, reference
from tests.model.ebpc.test_errors import WORDS
from tests.model.rice.cases import params_and_words

PARAMS = [
    ({"word_bits": 3}, ValueError, "word_bits must be an int in 4..32, not 3"),
    ({"word_bits": 33}, ValueError, "word_bits must be an int in 4..32, not 33"),
    ({"word_bits": 8.0}, TypeError, "word_bits must be an int in 4..32, not 8.0"),
    ({"word_bits": True}, TypeError, "word_bits must be an int in 4..32, not True"),
    ({"signed": 1}, TypeError, "signed must be a bool, not 1"),
    ({"delta": None}, TypeError, "delta must be a bool, not None"),
    ({"sign_last": "no"}, TypeError, "sign_last must be a bool, not 'no'"),
    ({"port_words": 3}, ValueError, "port_words must be 1, 2 or 4, not 3"),
    ({"port_words": 2.0}, TypeError, "port_words must be 1, 2 or 4, not 2.0"),
]


@pytest.mark.parametrize(("settings", "error", "message"), PARAMS)
def test_parameters(settings, error, message):
    with pytest.raises(error) as caught:
        Params(**settings)
    assert str(caught.value) == message


def test_parameters_are_immutable():
    with pytest.raises(AttributeError):
        Params().word_bits = 16


def test_config_round_trip():
    params = Params(16, False, True, True, 2)
    config = {
        "id": "rice",
        "word_bits": 16,
        "signed": False,
        "delta": True,
        "sign_last": True,
        "port_words": 2,
    }
    assert params.get_config() == config
    assert Params.from_config(config) == params


@pytest.mark.parametrize("call", ["encode", "encoded_bits"])
@pytest.mark.parametrize(("word_bits", "words", "error", "message"), WORDS)
def test_words(call, word_bits, words, error, message):
    for model in (reference, fast):
        with pytest.raises(error) as caught:
            getattr(model, call)(Params(word_bits), words)
        assert str(caught.value) == message


def test_best_flags_of_nothing():
    with pytest.raises(ValueError, match=r"^packets must hold at least one packet, not 0$"):
        best_params([])


U8 = np.array([1], np.uint8)
ENCODED = [
    ((U8, 1), TypeError, "encoded must be an Encoded, not tuple"),
    (Encoded(U8, 0), ValueError, "num_words must be an int >= 1, not 0"),
    (Encoded(U8, 2.0), TypeError, "num_words must be an int >= 1, not 2.0"),
    (Encoded([1], 1), TypeError, "code must be a numpy array, not list"),
    (Encoded(U8.view(np.int8), 1), TypeError, "code must be uint8, not int8"),
    (Encoded(U8.astype(np.uint16), 1), TypeError, "code must be uint8, not uint16"),
    (Encoded(U8[None], 1), ValueError, "code must be one-dimensional, not of shape (1, 1)"),
    (Encoded(np.uint8([16]), 1), ValueError, "code must be in 0..15, not 16"),
]


@pytest.mark.parametrize(("encoded", "error", "message"), ENCODED)
def test_encoded(encoded, error, message):
    params = Params(word_bits=4 if "15" in message else 8)
    for call in (reference.decode, fast.decode, reference.decode_lenient):
        with pytest.raises(error) as caught:
            call(params, encoded)
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
    """A packet's stream with flipped bits, words missing, words too many, or another N."""
    params, words = draw(params_and_words())
    encoded = params.encode(words)
    code, num_words = encoded.code.copy(), encoded.num_words
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["num_words", "flip", "cut", "append"]))
        if kind == "num_words":
            num_words = draw(st.integers(1, 2 * num_words + 20))
        elif kind == "flip" and len(code):
            bit = draw(st.integers(0, params.word_bits - 1))
            code[draw(st.integers(0, len(code) - 1))] ^= 1 << bit
        elif kind == "cut":
            code = code[: draw(st.integers(0, len(code)))]
        else:
            more = draw(st.lists(st.integers(0, (1 << params.word_bits) - 1), max_size=3))
            code = np.concatenate((code, np.array(more, code.dtype)))
    return params, Encoded(code, num_words)


def check_damage(params, encoded):
    expected = outcome(reference, params, encoded)
    assert outcome(fast, params, encoded) == expected
    words, flag = reference.decode_lenient(params, encoded)
    assert len(words) == encoded.num_words
    is_damaged = isinstance(expected, tuple)
    # a core does not look at the padding; all else is damage to both, and padding is not all
    if not is_damaged or expected[2] != "padding is not zero":
        assert flag is is_damaged
    if not is_damaged:
        assert words.tolist() == expected


@given(damaged())
def test_damaged_streams(case):
    check_damage(*case)


@given(st.binary(max_size=60), st.integers(1, 200))
def test_noise(code, num_words):
    check_damage(Params(), Encoded(np.frombuffer(code, np.uint8), num_words))
    nibbles = np.frombuffer(code, np.uint8) & 15
    check_damage(Params(4), Encoded(nibbles, num_words))
    whole = np.frombuffer(code[: len(code) // 4 * 4], np.uint32)
    check_damage(Params(32), Encoded(whole, num_words))


def test_all_kinds_of_damage_are_met():
    rng = np.random.default_rng(0)
    reasons = set()
    for _ in range(2000):
        noise = Encoded(rng.integers(0, 256, 12).astype(np.uint8), int(rng.integers(1, 40)))
        expected = outcome(reference, Params(), noise)
        assert outcome(fast, Params(), noise) == expected
        if isinstance(expected, tuple):
            reasons.add(expected[2])
    assert reasons == {
        "ends early",
        "goes on after its last symbol",
        "padding is not zero",
        "zero run past the last word",
        "zero in place of another word",
    }


def test_wrong_count_fills_no_memory():
    encoded = Params().encode(np.array([5, 6, 7], np.int8))
    for model in (reference, fast):
        with pytest.raises(DamagedStream) as caught:
            model.decode(Params(), Encoded(encoded.code, 10**15))
        assert str(caught.value) == "code stream, bit 16: ends early"
