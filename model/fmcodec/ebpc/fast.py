"""Fast path of EBPC in numba: the streams of the reference, two to three orders faster.

Two passes over a packet: zeros apart from non-zero words (`fast_znz`), and blocks of non-zero
words (`fast_bpc` for all parameters, `fast_bpc8` for blocks of eight 8-bit words).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy import uint64 as u64

from fmcodec.bits import signed_dtype
from fmcodec.ebpc import fast_bpc, fast_bpc8, fast_znz
from fmcodec.ebpc.formats import StreamParams
from fmcodec.ebpc.reference import BlockCost, Symbol
from fmcodec.ebpc.stream import Encoded, check_encoded
from fmcodec.errors import DamagedStream
from fmcodec.fastbits import SLACK, Bytes, check_end, stream_bytes, stream_words
from fmcodec.words import Words, check_words

__all__ = [
    "PacketFacts",
    "block_arrays",
    "block_costs",
    "block_stream_bits",
    "decode",
    "decode_blocks",
    "decode_bytes",
    "encode",
    "encode_blocks",
    "encoded_bits",
    "packet_facts",
    "stream_bits",
    "symbol_counts",
]

_DAMAGE = ("", "ends early", "plane run past the last plane", "position past the last plane bit")


def _fields(params: StreamParams) -> tuple[int, int, int, int]:
    return params.word_bits, params.block_words, params.run_bits, params.position_bits


def _is_byte_block(params: StreamParams) -> bool:
    return params.word_bits == 8 and params.block_words == 8


def _split(params: StreamParams, words: Words) -> tuple[Bytes, int, Words, int]:
    """(ZNZ stream, its bits, non-zero words filled up with zeros, their number)."""
    bound = len(words) * (1 + params.zero_run_bits)
    stream = np.empty(-(-bound // 8) + SLACK, dtype=np.uint8)
    nonzero = np.empty(len(words) + params.block_words, dtype=words.dtype)
    table = fast_znz.group_table(params.zero_run_bits)
    bits, count = fast_znz.encode(words, params.zero_run_bits, table, stream, nonzero)
    nonzero[count : count + params.block_words] = 0
    return stream, int(bits), nonzero, int(count)


def encode_blocks(params: StreamParams, words: Words, count: int) -> tuple[Bytes, int]:
    """(BPC stream of `count` words in blocks, its bits); n - 1 zeros or more follow the words."""
    blocks = -(-count // params.block_words)
    stream = np.empty(-(-blocks * params.max_block_bits // 8) + SLACK, dtype=np.uint8)
    if _is_byte_block(params):
        tables = fast_bpc8.code_tables()
        return stream, int(fast_bpc8.encode(words.view(np.uint8), count, *tables, stream))
    return stream, int(fast_bpc.encode(words, count, *_fields(params), stream))


def block_stream_bits(params: StreamParams, words: Words, count: int) -> int:
    """Bits of the stream that `encode_blocks` writes."""
    if _is_byte_block(params):
        tables = fast_bpc8.size_tables()
        return int(fast_bpc8.encoded_bits(words.view(np.uint8), count, *tables))
    return int(fast_bpc.block_facts(words, count, *_fields(params))[0].sum())


def decode_blocks(params: StreamParams, stream: Bytes, size: int, count: int, words: Words) -> int:
    """Read `count` words of a BPC stream of `size` bits into `words`; return the bits read.

    `words` has room for n words more: the last block is written whole.

    Raises:
        DamagedStream: a symbol is damaged, or the stream ends early.
    """
    if _is_byte_block(params):
        symbols = fast_bpc8.symbol_table()
        end, status = fast_bpc8.decode(stream, u64(size), count, symbols, words.view(np.uint8))
    else:
        end, status = fast_bpc.decode(stream, u64(size), count, *_fields(params), words)
    if status:
        raise DamagedStream("bpc", int(end), _DAMAGE[status])
    return int(end)


def encode(params: StreamParams, words: Words) -> Encoded:
    """Code a packet; see `Params.encode`."""
    words = check_words(params.word_bits, words)
    znz, znz_bits, nonzero, count = _split(params, words)
    bpc, bpc_bits = encode_blocks(params, nonzero, count)
    if count == 0:
        bpc[:] = 0
        bpc_bits = params.word_bits
    return Encoded(
        stream_words(bpc, bpc_bits, params.word_bits),
        stream_words(znz, znz_bits, params.word_bits),
        len(words),
    )


def encoded_bits(params: StreamParams, words: Words) -> int:
    """Bits of both streams before padding; see `Params.encoded_bits`."""
    return sum(stream_bits(params, words))


def stream_bits(params: StreamParams, words: Words) -> tuple[int, int]:
    """Bits of the BPC and of the ZNZ stream before padding. Raises as `encode`."""
    words = check_words(params.word_bits, words)
    _, znz_bits, nonzero, count = _split(params, words)
    return block_stream_bits(params, nonzero, count) or params.word_bits, znz_bits


def decode(params: StreamParams, encoded: Encoded) -> Words:
    """The words of a packet; see `Params.decode`."""
    encoded = check_encoded(params, encoded)
    m = params.word_bits
    bpc, znz = (stream_bytes(stream, m) for stream in (encoded.bpc, encoded.znz))
    return decode_bytes(
        params, bpc, m * len(encoded.bpc), znz, m * len(encoded.znz), encoded.num_words
    )


def decode_bytes(
    params: StreamParams, bpc: Bytes, bpc_size: int, znz: Bytes, znz_size: int, num_words: int
) -> Words:
    """The words of a packet from its streams' bytes, `SLACK` more in each; sizes in bits.

    Raises:
        DamagedStream: see `Params.decode`.
    """
    m, run_bits = params.word_bits, params.zero_run_bits
    count, end, damage = fast_znz.count_nonzero(znz, znz_size, run_bits, num_words)
    if damage:
        raise DamagedStream("znz", end, damage)
    check_end("znz", end, znz_size, m)
    # the ZNZ stream has a bit for every word or a symbol for z of them: it bounds this
    room = fast_znz.room(run_bits, num_words)
    slack = max(params.block_words, fast_znz.SLACK_WORDS)
    words = np.empty(room + slack, signed_dtype(m))
    end = decode_blocks(params, bpc, bpc_size, count, words[room - count :])
    if count == 0:
        end = m
        if not bpc_size:
            raise DamagedStream("bpc", 0, "ends early")
    check_end("bpc", end, bpc_size, m)
    fast_znz.expand(znz, run_bits, num_words, count, words)
    words.resize(num_words, refcheck=False)
    return words


def block_costs(params: StreamParams, words: Words) -> list[BlockCost]:
    """Input words and BPC bits of every block; see `reference.block_costs`."""
    spans, bits = block_arrays(params, words)
    return [BlockCost(*cost) for cost in zip(spans.tolist(), bits.tolist(), strict=True)]


def block_arrays(
    params: StreamParams, words: Words
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(input words, BPC bits) of every block; see `reference.block_costs`."""
    words = check_words(params.word_bits, words)
    _, _, nonzero, count = _split(params, words)
    bits = fast_bpc.block_facts(nonzero, count, *_fields(params))[0]
    if count == 0:
        bits = np.array([params.word_bits])
    ends = np.flatnonzero(words)[params.block_words - 1 :: params.block_words] + 1
    bounds = np.concatenate(([0], ends[: len(bits) - 1], [len(words)]))
    return np.diff(bounds), bits


class PacketFacts(NamedTuple):
    """What packets take, each by itself; see `packet_facts`.

    Attributes:
        zeros: words that are zero, int64, shape (packets,).
        znz_bits, bpc_bits: bits of their streams before padding, int64, shape (packets,).
        block_bits: BPC bits of all blocks, packet by packet, int64; a packet without a non-zero
            word counts as one block of m bits.
        block_bounds: the first block of every packet, and the end, shape (packets + 1,).
        symbols: how often each field occurs in all BPC streams.
    """

    zeros: npt.NDArray[np.int64]
    znz_bits: npt.NDArray[np.int64]
    bpc_bits: npt.NDArray[np.int64]
    block_bits: npt.NDArray[np.int64]
    block_bounds: npt.NDArray[np.int64]
    symbols: dict[Symbol, int]


def packet_facts(params: StreamParams, words: Words, bounds: npt.NDArray[np.int64]) -> PacketFacts:
    """Sizes and fields of the packets `words[bounds[i]:bounds[i + 1]]`; `words` are checked."""
    most = int((-(-np.diff(bounds) // params.block_words)).sum())
    zeros, znz_bits = np.empty((2, len(bounds) - 1), dtype=np.int64)
    blocks, block_bounds = np.empty(most, dtype=np.int64), np.zeros(len(bounds), dtype=np.int64)
    counts = fast_bpc.packet_facts(
        words, bounds, *_fields(params), params.zero_run_bits, zeros, znz_bits, blocks, block_bounds
    )
    blocks = blocks[: block_bounds[-1]]
    bpc_bits = np.add.reduceat(blocks, block_bounds[:-1])
    symbols = dict(zip(Symbol, counts.tolist(), strict=True))
    return PacketFacts(zeros, znz_bits, bpc_bits, blocks, block_bounds, symbols)


def symbol_counts(params: StreamParams, words: Words) -> dict[Symbol, int]:
    """How often each field occurs in the BPC stream; see `reference.symbol_counts`."""
    words = check_words(params.word_bits, words)
    return packet_facts(params, words, np.array([0, len(words)])).symbols
