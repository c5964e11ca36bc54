"""What reads the symbols of a payload, whatever their code: one interface."""

from amaranth.hdl import signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.code_window import CODE_BITS

__all__ = ["LEVEL_BITS", "SYMBOL_BITS", "reader_members"]

SYMBOL_BITS = 8
# of d by the coder: q - zp is -255..255, and modulo 256 where symbols are at most 128 from zp
LEVEL_BITS = {"huffman": SYMBOL_BITS + 1, "rice": SYMBOL_BITS}


def reader_members(tables: int, coder: str) -> dict[str, wiring.Member]:
    """Members of what reads symbols, whatever their code.

    head: the next bits of the payload, the first at the top.
    length: those of the coefficient; none where a run or the end of a vector goes on.
    step: the coefficient is read, at the end of the cycle; only with `advance`.
    group, last: it is of this group, and the last of its vector.
    next_group: group of the one behind it.
    raw: the tile is.
    zero_point, q_max: of the context.
    advance: what was read moves on, at the end of the cycle.
    level: d of the coefficient read `LATENCY` advances ago.
    bad: it is none, or of another symbol than there may be.
    unfinished: a run was to end before a word that has not come.
    clear: a tile begins, after this cycle.
    """
    group = range(max(tables, 2))
    return {
        "head": In(CODE_BITS),
        "length": Out(range(CODE_BITS + 1)),
        "step": In(1),
        "group": In(group),
        "next_group": In(group),
        "last": In(1),
        "raw": In(1),
        "zero_point": In(SYMBOL_BITS),
        "q_max": In(SYMBOL_BITS),
        "advance": In(1),
        "level": Out(signed(LEVEL_BITS[coder])),
        "bad": Out(1),
        "unfinished": Out(1),
        "clear": In(1),
    }
