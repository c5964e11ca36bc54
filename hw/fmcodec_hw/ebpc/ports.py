"""What the ports of both EBPC cores have in common (doc/format.md names the streams)."""

from fmcodec.ebpc import Params
from fmcodec.words import Words

__all__ = ["checked_word_bits", "core_cycles", "keep_bits"]


def checked_word_bits(params: Params) -> int:
    """Bits of a data word.

    Raises:
        ValueError: the cores are not built for that width.
    """
    if params.word_bits not in (8, 16, 32):
        raise ValueError(f"word_bits must be 8, 16 or 32 in the cores, not {params.word_bits!r}")
    return params.word_bits


def core_cycles(params: Params, words: Words, compact: bool) -> float:
    """Cycles that a core takes at most for the blocks of the packet `words`.

    `Params.max_cycles`. Compact: two cycles a block more and, where a symbol can be longer than a
    beat, the time of all beats: the core's few bits of queue do not even them out.
    """
    cycles = params.max_cycles(words)
    if compact:
        costs = params.block_costs(words)
        cycles += 2 * len(costs)
        port_bits = params.port_words * params.word_bits
        if params.max_symbol_bits > port_bits:
            cycles += sum(cost.bits for cost in costs) / port_bits
    return cycles


def keep_bits(params: Params) -> int:
    """Bits of tkeep at the BPC port, one per byte; none where a beat is one word."""
    return params.port_words * params.word_bits // 8 if params.port_words > 1 else 0
