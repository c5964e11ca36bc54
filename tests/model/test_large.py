"""Large packets: what they take of memory, and what a few bytes can claim."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fmcodec import ebpc, rice
from fmcodec.codecs import codec_ids, get_codec
from fmcodec.ebpc import reference as ebpc_reference
from fmcodec.errors import DamagedStream
from fmcodec.rice import reference as rice_reference

CODECS = codec_ids(bounds=False)
MEBIBYTES = 48

PEAK = """
import sys
import numpy as np
from fmcodec.codecs import Codec, get_codec

def peak(action, *args):
    "Most resident memory while an action runs, and what it gives."
    open("/proc/self/clear_refs", "w").write("5")
    result = action(*args)
    return resident("VmHWM"), result

def resident(what):
    status = open("/proc/self/status").read().split(what + ":")[1]
    return int(status.split()[0]) << 10

name, word_bits, kind, mebibytes = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
codec, dtype = get_codec(name, word_bits=word_bits), np.dtype(f"i{word_bits // 8}")
rng = np.random.default_rng(0)
few = rng.integers(-20, 20, 1000, dtype=dtype)
codec.encoded_bits(few)
if isinstance(codec, Codec):
    codec.decode(codec.encode(few))  # compiles
before = resident("VmRSS")
count = (mebibytes << 20) // dtype.itemsize
if kind == "sparse":
    words = rng.integers(-20, 20, count, dtype=dtype)
    words[::2] = 0
else:
    words = np.empty(count, dtype)
    words.view("u1")[:] = np.frombuffer(rng.bytes(count * dtype.itemsize), "u1")
size = largest = words.nbytes
peaks = [peak(codec.encoded_bits, words)[0]]
if isinstance(codec, Codec):
    found, container = peak(codec.encode, words)
    largest = max(size, len(container))
    check = words[:: 997].copy()
    del words
    again, decoded = peak(codec.decode, container)
    assert (decoded[:: 997] == check).all()
    peaks += [found, again]
print(*((each - before) / largest for each in peaks))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="no peaks of memory here")
@pytest.mark.parametrize("name", codec_ids())
@pytest.mark.parametrize(("word_bits", "kind"), [(8, "sparse"), (8, "noise"), (16, "noise")])
def test_memory(name, word_bits, kind):
    """Words, container and work take three times the larger of words and container at most."""
    args = [sys.executable, "-c", PEAK, name, str(word_bits), kind, str(MEBIBYTES)]
    run = subprocess.run(args, capture_output=True, text=True, check=True)
    factors = [float(each) for each in run.stdout.split()]
    # zlib keeps what it wrote in pieces, whose sum it then copies
    limit = 3.3 if name == "deflate" else 3.1
    assert max(factors) < limit, factors


@pytest.mark.parametrize("name", CODECS)
def test_a_claim_beyond_the_bytes_is_damage(name):
    codec = get_codec(name, word_bits=32)
    container = codec.encode(np.arange(100, dtype=np.int32))
    claims = b"\xff\xff\xff\xff" + container[4:]
    with pytest.raises(DamagedStream) as caught:
        codec.decode(claims, max_words=None if name != "csc" else 1 << 20)
    assert "claims 4294967295 words" in str(caught.value)
    assert (codec.decode(container, max_words=100) == np.arange(100)).all()
    with pytest.raises(DamagedStream, match="claims 100 words of 99 at most"):
        codec.decode(container, max_words=99)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("word_bits", [8, 16, 32])
def test_no_packet_is_above_its_bound(name, word_bits):
    """The most words that a codec gets into bytes: its best data pass."""
    codec = get_codec(name, word_bits=word_bits)
    dtype = np.dtype(f"i{word_bits // 8}")
    for words in (np.zeros(1 << 20, dtype), np.ones(1 << 20, dtype), np.zeros(1, dtype)):
        np.testing.assert_array_equal(codec.decode(codec.encode(words)), words)


def test_a_zstandard_frame_that_claims_memory_is_damage():
    pytest.importorskip("numcodecs")
    codec = get_codec("zstd")
    # magic number, a single segment of 2**40 bytes, one empty last block
    frame = bytes.fromhex("28b52ffd e0") + (1 << 40).to_bytes(8, "little") + bytes.fromhex("010000")
    with pytest.raises(DamagedStream):
        codec.decode((8).to_bytes(4, "big") + frame)


def encoded(room, num_words):
    words = np.array([3, 0, 0, 5, 5], np.int8)
    if room is ebpc:
        coded = ebpc.Params().encode(words)
        return ebpc.Encoded(coded.bpc, coded.znz, num_words)
    return rice.Encoded(rice.Params().encode(words).code, num_words)


@pytest.mark.parametrize("room", [ebpc, rice])
@pytest.mark.parametrize("num_words", [1 << 33, 1 << 40, (1 << 63) - 1])
def test_a_length_beyond_the_stream_is_damage(room, num_words):
    references = {ebpc: ebpc_reference, rice: rice_reference}
    for decode in (room.Params().decode, lambda e: references[room].decode(room.Params(), e)):
        with pytest.raises(DamagedStream):
            decode(encoded(room, num_words))


@pytest.mark.parametrize("room", [ebpc, rice])
@pytest.mark.parametrize("num_words", [1 << 63, 1 << 64, 1 << 100])
def test_a_length_that_no_array_has_is_refused(room, num_words):
    with pytest.raises(ValueError, match=r"^num_words must be less than 2\*\*63, not \d+$"):
        room.Params().decode(encoded(room, num_words))
