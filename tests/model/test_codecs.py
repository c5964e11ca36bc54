"""The codecs behind one interface: round trips, sizes, damage, configuration, goldens."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.codecs import Entropy, codec_ids, get_codec
from fmcodec.ebpc import DamagedStream, Params
from fmcodec.ebpc import cycles as ebpc_cycles
from fmcodec.rice import Params as RiceParams
from fmcodec.rice import best_params
from fmcodec.rice import fast as rice_fast
from tests.model.ebpc.cases import packets, signed_dtype

CODECS = codec_ids(bounds=False)
GOLDENS = json.loads((Path(__file__).parent / "goldens.json").read_text())
# what the container's own fields take, in bytes; byte coders have no bits apart from bytes
HEADER = {"csc": 8, "ebpc": 8}

codecs_and_parameters = st.one_of(
    st.tuples(
        st.just("zero_rle"), st.fixed_dictionaries({"max_run": st.sampled_from([2, 16, 4096])})
    ),
    st.tuples(st.just("zvc"), st.fixed_dictionaries({"group_words": st.integers(1, 32)})),
    st.tuples(
        st.just("csc"), st.fixed_dictionaries({"max_distance": st.sampled_from([2, 16, 512])})
    ),
    st.tuples(
        st.just("bpc"), st.fixed_dictionaries({"block_words": st.sampled_from([4, 8, 16, 32])})
    ),
    st.tuples(
        st.just("ebpc"),
        st.fixed_dictionaries(
            {"block_words": st.sampled_from([4, 8]), "max_zero_run": st.sampled_from([2, 256])}
        ),
    ),
    st.tuples(
        st.just("rice"),
        st.fixed_dictionaries({"signed": st.sampled_from([None, True]), "delta": st.just(None)}),
    ),
    st.tuples(st.just("deflate"), st.fixed_dictionaries({"level": st.integers(1, 9)})),
    st.tuples(st.just("zstd"), st.fixed_dictionaries({"level": st.integers(1, 6)})),
)


@given(codecs_and_parameters, st.integers(4, 32), st.data())
def test_round_trip(choice, word_bits, data):
    name, parameters = choice
    codec = get_codec(name, word_bits=word_bits, **parameters)
    words = data.draw(packets(word_bits))
    container = codec.encode(words)
    decoded = codec.decode(container)
    np.testing.assert_array_equal(decoded, words)
    assert decoded.dtype == words.dtype
    bits = codec.encoded_bits(words)
    stream_bits = 8 * (len(container) - HEADER.get(name, 4))
    # streams of m-bit words are padded to a word of a whole number of bytes
    padding = 7 if name not in ("ebpc", "rice") else stream_bits - bits
    assert bits <= stream_bits <= bits + padding
    assert type(bits) is int
    assert get_codec(codec.get_config()) == codec
    assert json.loads(json.dumps(codec.get_config())) == codec.get_config()


@given(packets(8))
def test_sizes_by_definition(words):
    runs = "".join("x" if word else "0" for word in words)
    zeros = [len(run) for run in runs.split("x")]
    nonzero = runs.count("x")
    pieces = sum(math.ceil(run / 16) for run in zeros)
    assert get_codec("zero_rle").encoded_bits(words) == 9 * nonzero + 5 * pieces
    assert get_codec("zvc").encoded_bits(words) == len(words) + 8 * nonzero
    bridges = sum(run // 16 for run in zeros[:-1])
    assert get_codec("csc").encoded_bits(words) == 12 * (nonzero + bridges)
    assert get_codec("ebpc").encoded_bits(words) == Params().encoded_bits(words)


@given(packets(8))
def test_entropy_bounds_every_word_by_word_code(words):
    bits = Entropy().encoded_bits(words)
    assert bits <= 8 * len(words)
    assert (bits == 0) == (len(set(words.tolist())) == 1)
    assert bits <= get_codec("zvc").encoded_bits(words) + 1


def test_entropy_of_a_fair_choice():
    for dtype, bits in ((np.int8, 8), (np.int16, 16), (np.int32, 32)):
        words = np.array([5, -5, 0, 1] * 100, dtype=dtype)
        assert Entropy(word_bits=bits).encoded_bits(words) == 800


@given(st.sampled_from(CODECS), st.sampled_from([5, 8, 16]), st.data())
def test_damaged_container_raises_or_decodes(name, word_bits, data):
    codec = get_codec(name, word_bits=word_bits)
    container = bytearray(codec.encode(data.draw(packets(word_bits))))
    index = data.draw(st.integers(4, len(container) - 1))
    container[index] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del container[data.draw(st.integers(0, len(container))) :]
    try:
        words = codec.decode(bytes(container))
    except DamagedStream:
        return
    assert len(words) == int.from_bytes(container[:4], "big")
    assert words.dtype == signed_dtype(word_bits)
    codec.encoded_bits(words)  # every word fits its width


@pytest.mark.parametrize("name", CODECS)
def test_container_cut_or_longer(name):
    codec = get_codec(name)
    container = codec.encode(np.array([1, 0, 0, -3, 4, 0, 9] * 9, np.int8))
    for damaged in (*(container[:end] for end in range(len(container))), container + b"\1"):
        with pytest.raises(DamagedStream):
            codec.decode(damaged)
    with pytest.raises(DamagedStream) as caught:
        codec.decode(bytes(4) + container[4:])
    assert str(caught.value) == "container stream, bit 0: holds no words"


@pytest.mark.parametrize("name", [name for name in CODECS if name != "csc"])
def test_wrong_count_is_damage(name):
    codec = get_codec(name)
    container = codec.encode(np.array([1, 0, 0, -3, 4, 0, 9] * 9, np.int8))
    with pytest.raises(DamagedStream):
        codec.decode(b"\x00\xff\xff\xff" + container[4:])


def test_codecs_in_the_order_of_every_table():
    assert ", ".join(codec_ids()) == "zero_rle, zvc, csc, bpc, ebpc, rice, deflate, zstd, entropy"


REFUSED = [
    (
        {"id": "lzma"},
        ValueError,
        f"codec must be one of {', '.join(codec_ids())}, not 'lzma'",
    ),
    (
        {},
        ValueError,
        f"codec must be one of {', '.join(codec_ids())}, not None",
    ),
    ({"id": "zvc", "level": 3}, ValueError, "zvc has no parameter 'level'"),
    ({"id": "zvc", "word_bits": 3}, ValueError, "word_bits must be an int in 4..32, not 3"),
    ({"id": "zvc", "word_bits": "8"}, TypeError, "word_bits must be an int in 4..32, not '8'"),
    ({"id": "zvc", "group_words": 33}, ValueError, "group_words must be an int in 1..32, not 33"),
    (
        {"id": "zero_rle", "max_run": 12},
        ValueError,
        "max_run must be a power of two in 2..65536, not 12",
    ),
    (
        {"id": "csc", "max_distance": 1},
        ValueError,
        "max_distance must be a power of two in 2..65536, not 1",
    ),
    ({"id": "bpc", "block_words": 7}, ValueError, "block_words must be 4, 8, 16 or 32, not 7"),
    (
        {"id": "ebpc", "max_zero_run": 3},
        ValueError,
        "max_zero_run must be a power of two in 2..256, not 3",
    ),
    ({"id": "rice", "delta": 2}, TypeError, "delta must be a bool or None, not 2"),
    ({"id": "deflate", "level": 0}, ValueError, "level must be an int in 1..9, not 0"),
    ({"id": "zstd", "level": True}, TypeError, "level must be an int in 1..22, not True"),
]


@pytest.mark.parametrize(("config", "error", "message"), REFUSED)
def test_refused_configurations(config, error, message):
    with pytest.raises(error) as caught:
        get_codec(config)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", codec_ids())
def test_refused_words(name):
    with pytest.raises(TypeError) as caught:
        get_codec(name).encoded_bits(np.zeros(3))
    assert str(caught.value) == "words must be int8 or uint8, not float64"


def test_configuration_of_params_is_that_of_the_codec():
    codec = get_codec(Params(16, 16, 8, 2).get_config())
    assert codec.params == Params(16, 16, 8)


@pytest.mark.parametrize("name", ["bpc", "ebpc"])
def test_a_codec_without_n_has_that_of_params(name):
    words = np.arange(-300, 300, dtype=np.int16)
    codec = get_codec(name, word_bits=16)
    assert codec.get_config()["block_words"] == 16  # what is stored says it
    assert get_codec(codec.get_config()) == codec
    assert get_codec(name, word_bits=16, block_words=None) == codec
    assert codec.encode(words) == get_codec(name, word_bits=16, block_words=16).encode(words)
    assert codec.encode(words) != get_codec(name, word_bits=16, block_words=8).encode(words)


def test_rice_takes_the_smallest_flags():
    ramp = np.arange(-60, 60, dtype=np.int8)
    sizes = {
        (s, d): get_codec("rice", signed=s, delta=d).encoded_bits(ramp)
        for s in (False, True)
        for d in (False, True)
    }
    assert get_codec("rice").encoded_bits(ramp) == min(sizes.values())
    params = RiceParams(8, True, False, False, port_words=4)
    assert get_codec(params.get_config()).encoded_bits(ramp) == sizes[True, False]


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: str(golden["config"]))
def test_goldens(golden):
    """Frozen containers: bits that an encoder wrote once decode for ever."""
    codec = get_codec(golden["config"])
    words = np.array(golden["words"], signed_dtype(codec.word_bits))
    container = bytes.fromhex(golden["container"])
    np.testing.assert_array_equal(codec.decode(container), words)
    # what zlib and zstd write is theirs to change
    if golden["config"]["id"] not in ("deflate", "zstd"):
        assert codec.encode(words) == container
        assert codec.encoded_bits(words) == golden["bits"]


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.float32])
def test_numcodecs(name, dtype):
    numcodecs = pytest.importorskip("numcodecs")
    config = {"id": f"fmcodec_{name}", "word_bits": 8 * np.dtype(dtype).itemsize}
    codec = numcodecs.get_codec(config)
    assert codec.get_config() == {**get_codec({**config, "id": name}).get_config(), **config}
    values = np.arange(-60, 60).reshape(2, 3, 20).astype(dtype)
    encoded = codec.encode(values)
    assert codec.decode(encoded).tobytes() == values.tobytes()
    out = np.empty_like(values)
    codec.decode(encoded, out=out)
    np.testing.assert_array_equal(out, values)


def test_numcodecs_refuses_half_words():
    numcodecs = pytest.importorskip("numcodecs")
    codec = numcodecs.get_codec({"id": "fmcodec_ebpc", "word_bits": 16})
    with pytest.raises(ValueError, match=r"^buf must be whole words of 2 bytes, not 3$"):
        codec.encode(b"abc")


@pytest.mark.parametrize("word_bits", [5, 8, 12, 16, 32])
@pytest.mark.parametrize("name", codec_ids())
def test_sizes_of_many_packets_are_those_of_each(name, word_bits):
    rng = np.random.default_rng(word_bits)
    dtype = np.dtype(f"i{1 if word_bits <= 8 else 2 if word_bits <= 16 else 4}")
    most = (1 << word_bits - 1) - 1
    lengths = [1, 7, 8, 9, 33, 400, 2, 64]
    packets = [rng.integers(-most, most, size, dtype) >> k % 4 for k, size in enumerate(lengths)]
    packets += [np.zeros(21, dtype), np.where(rng.random(300) < 0.8, 0, 3).astype(dtype)]
    coder = get_codec(name, word_bits=word_bits)
    found = coder.sizes(packets)
    assert found.bits.tolist() == [list(coder.stream_bits(packet)) for packet in packets]
    assert set(found.cycles) == {"ebpc": {1, 2}, "rice": {1, 2, 4}}.get(name, set())
    for port, cycles in found.cycles.items():
        assert cycles == sum(core_cycles(name, word_bits, port, packet) for packet in packets)


def core_cycles(name, word_bits, port, words):
    """The bound of a packet by itself, by hand for Rice."""
    if name == "ebpc":
        return ebpc_cycles.bound(Params(word_bits, port_words=port), words)
    ends = rice_fast.code_ends(best_params(words, word_bits), words).tolist()
    cycles, word, beat = 8, 0, 0
    for end, bit in ends:
        cycles += max(end - word, bit // (port * word_bits) - beat)
        word, beat = end, bit // (port * word_bits)
    return cycles


def test_no_packet_is_empty():
    with pytest.raises(ValueError, match="packets must hold at least one packet, not 0"):
        get_codec("zvc").sizes([])
    with pytest.raises(ValueError, match="words must hold at least one word, not 0"):
        get_codec("rice").sizes([np.ones(3, np.int8), np.ones(0, np.int8)])
