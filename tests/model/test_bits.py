"""Bit streams: the readable writer and reader, and the windows of the fast path."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.bits import BitReader, BitWriter, unsigned_dtype
from fmcodec.errors import DamagedStream
from fmcodec.fastbits import stream_bytes, stream_words

fields = st.lists(
    st.integers(1, 40).flatmap(
        lambda bits: st.tuples(st.integers(0, (1 << bits) - 1), st.just(bits))
    )
)


def write(pairs, word_bits):
    writer = BitWriter(word_bits)
    for value, bits in pairs:
        writer.write(value, bits)
    return writer


@given(fields, st.integers(1, 64))
def test_what_is_written_is_read(pairs, word_bits):
    writer = write(pairs, word_bits)
    words = writer.words()
    text = "".join(f"{value:0{bits}b}" for value, bits in pairs)
    assert writer.position == len(text)
    assert "".join(f"{int(word):0{word_bits}b}" for word in words).rstrip("0") == text.rstrip("0")
    assert words.dtype == unsigned_dtype(word_bits)
    reader = BitReader(words, word_bits, "test")
    assert [(reader.read(bits), bits) for _, bits in pairs] == pairs
    reader.finish()


@given(fields, st.integers(1, 32))
def test_words_to_bytes_and_back(pairs, word_bits):
    writer = write(pairs, word_bits)
    words = writer.words()
    data = stream_bytes(words, word_bits)
    expected = write(pairs, 8).words()
    assert data[: len(expected)].tolist() == expected.tolist()
    again = stream_words(data, writer.position, word_bits)
    assert again.tolist() == words.tolist()
    assert again.dtype == words.dtype


def test_dtypes():
    names = [unsigned_dtype(bits).name for bits in (1, 8, 9, 16, 17, 32, 33, 64)]
    assert names == ["uint8"] * 2 + ["uint16"] * 2 + ["uint32"] * 2 + ["uint64"] * 2


def test_end_is_reported_once():
    damage: list[DamagedStream] = []
    reader = BitReader(np.array([0xA5], np.uint8), 8, "test", damage.append)
    assert [reader.read(5), reader.read(5), reader.read(9)] == [0b10100, 0b10100, 0]
    assert [str(what) for what in damage] == ["test stream, bit 8: ends early"]


def test_superfluous_words_are_reported():
    reader = BitReader(np.array([1, 2], np.uint8), 8, "test")
    reader.read(3)
    with pytest.raises(DamagedStream, match=r"^test stream, bit 8: goes on after its last symbol$"):
        reader.finish()
