"""Fast path of EBPC in numba: the streams of the reference, two to three orders faster.

Two passes over a packet: zeros apart from non-zero words (`fast_znz`), and blocks of non-zero
words (`fast_bpc` for all parameters, `fast_bpc8` for blocks of eight 8-bit words).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy import uint64 as u64

from fmcodec.bits import unsigned_dtype
from fmcodec.ebpc import fast_bpc, fast_bpc8, fast_znz
from fmcodec.ebpc.reference import BlockCost, Symbol
from fmcodec.ebpc.stream import Encoded, check_encoded
from fmcodec.errors import DamagedStream
from fmcodec.fastbits import SLACK, stream_bytes, stream_words
from fmcodec.words import Words, check_words

if TYPE_CHECKING:
    from fmcodec.ebpc.params import Params

__all__ = ["block_costs", "decode", "encode", "encoded_bits", "max_cycles", "symbol_counts"]

_DAMAGE = ("", "ends early", "zero run past the last plane", "position past the last plane bit")


def _fields(params: Params) -> tuple[int, int, int, int]:
    return params.word_bits, params.block_words, params.run_bits, params.position_bits


def _is_byte_block(params: Params) -> bool:
    return params.word_bits == 8 and params.block_words == 8


def _split(params: Params, words: Words) -> tuple[npt.NDArray[np.uint8], int, Words, int]:
    """(ZNZ stream, its bits, non-zero words filled up with zeros, their number)."""
    bound = len(words) * (1 + params.zero_run_bits)
    stream = np.empty(-(-bound // 8) + SLACK, dtype=np.uint8)
    nonzero = np.empty(len(words) + params.block_words, dtype=words.dtype)
    table = fast_znz.group_table(params.zero_run_bits)
    bits, count = fast_znz.encode(words, params.zero_run_bits, table, stream, nonzero)
    nonzero[count : count + params.block_words] = 0
    return stream, int(bits), nonzero, int(count)


def encode(params: Params, words: Words) -> Encoded:
    """Code a packet; see `Params.encode`."""
    words = check_words(params.word_bits, words)
    znz, znz_bits, nonzero, count = _split(params, words)
    blocks = -(-count // params.block_words)
    bpc = np.empty(-(-blocks * params.max_block_bits // 8) + SLACK, dtype=np.uint8)
    if count == 0:
        bpc[:] = 0
        bpc_bits = params.word_bits
    elif _is_byte_block(params):
        bpc_bits = int(
            fast_bpc8.encode(nonzero.view(np.uint8), count, *fast_bpc8.code_tables(), bpc)
        )
    else:
        bpc_bits = int(fast_bpc.encode(nonzero, count, *_fields(params), bpc))
    return Encoded(
        stream_words(bpc, bpc_bits, params.word_bits),
        stream_words(znz, znz_bits, params.word_bits),
        len(words),
    )


def encoded_bits(params: Params, words: Words) -> int:
    """Bits of both streams before padding; see `Params.encoded_bits`."""
    words = check_words(params.word_bits, words)
    _, znz_bits, nonzero, count = _split(params, words)
    if count == 0:
        return znz_bits + params.word_bits
    if _is_byte_block(params):
        sizes = fast_bpc8.size_tables()
        return znz_bits + int(fast_bpc8.encoded_bits(nonzero.view(np.uint8), count, *sizes))
    return znz_bits + int(fast_bpc.block_facts(nonzero, count, *_fields(params))[0].sum())


def decode(params: Params, encoded: Encoded) -> Words:
    """The words of a packet; see `Params.decode`."""
    encoded = check_encoded(params, encoded)
    m = params.word_bits
    znz, bpc = stream_bytes(encoded.znz, m), stream_bytes(encoded.bpc, m)
    znz_size, bpc_size = m * len(encoded.znz), m * len(encoded.bpc)

    count, end, damage = fast_znz.count_nonzero(
        znz, znz_size, params.zero_run_bits, encoded.num_words
    )
    _check_stream("znz", damage, end, znz_size, m)

    nonzero = np.empty(
        count + params.block_words + fast_znz.SLACK_WORDS, f"i{unsigned_dtype(m).itemsize}"
    )
    if count == 0:
        end, status = (m, 0) if bpc_size else (0, 1)
    elif _is_byte_block(params):
        end, status = fast_bpc8.decode(
            bpc, u64(bpc_size), count, fast_bpc8.symbol_table(), nonzero.view(np.uint8)
        )
    else:
        end, status = fast_bpc.decode(bpc, u64(bpc_size), count, *_fields(params), nonzero)
    _check_stream("bpc", _DAMAGE[status], int(end), bpc_size, m)
    return fast_znz.expand(znz, params.zero_run_bits, encoded.num_words, nonzero)


def _check_stream(name: str, damage: str, position: int, size: int, word_bits: int) -> None:
    if damage:
        raise DamagedStream(name, position, damage)
    end = position + -position % word_bits
    if end < size:
        raise DamagedStream(name, end, "goes on after its last symbol")


def block_costs(params: Params, words: Words) -> list[BlockCost]:
    """Input words and BPC bits of every block; see `reference.block_costs`."""
    spans, bits = _block_arrays(params, check_words(params.word_bits, words))
    return [BlockCost(*cost) for cost in zip(spans.tolist(), bits.tolist(), strict=True)]


def max_cycles(params: Params, words: Words) -> float:
    """Bound of a core's cycles; see `Params.max_cycles`."""
    spans, bits = _block_arrays(params, check_words(params.word_bits, words))
    return float(np.maximum(spans, bits / (params.port_words * params.word_bits)).sum())


def _block_arrays(
    params: Params, words: Words
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    _, _, nonzero, count = _split(params, words)
    bits = fast_bpc.block_facts(nonzero, count, *_fields(params))[0]
    if count == 0:
        bits = np.array([params.word_bits])
    ends = np.flatnonzero(words)[params.block_words - 1 :: params.block_words] + 1
    bounds = np.concatenate(([0], ends[: len(bits) - 1], [len(words)]))
    return np.diff(bounds), bits


def symbol_counts(params: Params, words: Words) -> dict[Symbol, int]:
    """How often each field occurs in the BPC stream; see `reference.symbol_counts`."""
    _, _, nonzero, count = _split(params, check_words(params.word_bits, words))
    counts = fast_bpc.block_facts(nonzero, count, *_fields(params))[1]
    return dict(zip(Symbol, counts.tolist(), strict=True))
