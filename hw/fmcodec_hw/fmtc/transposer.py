"""Rows of 4x4 blocks in, their columns out, in the registers of one block."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SIDE", "Transposer", "line_signature"]

SIDE = 4


def line_signature(bits: int) -> stream.Signature:
    """Four signed numbers at once."""
    return stream.Signature(data.ArrayLayout(signed(bits), SIDE))


class Transposer(wiring.Component):
    """Turn 4x4 blocks, which follow one another without a gap.

    Latency: a block's first column is there when its last row is. Throughput: a line each way per
    cycle. Held: one block. Neither side waits for the other but for room: a block leaves whether or
    not the next one comes.

    Parameters:
        bits: of a number.

    Members:
        row: rows of blocks, from the first.
        column: their columns. `row.ready` depends on `column.ready`.
    """

    def __init__(self, bits: int):
        self._bits = bits
        super().__init__({"row": In(line_signature(bits)), "column": Out(line_signature(bits))})

    def elaborate(self, platform):
        # The columns of a block are shifted out of one side of the array, and the rows of the next
        # one in from the side across: downwards for one block, to the right for the next. Places
        # that columns have left are filled by as many rows; between them the array stands still.
        # Numbers go backwards along a line, so that the first is the first to leave
        m = Module()
        cells = [
            [Signal(signed(self._bits), name=f"cell_{r}_{c}", reset_less=True) for c in range(SIDE)]
            for r in range(SIDE)
        ]
        leaving, down = Signal(), Signal()
        gone, entered = Signal(range(SIDE)), Signal(range(SIDE))
        leave, enter = Signal(), Signal()
        m.d.comb += [
            self.column.valid.eq(leaving),
            leave.eq(leaving & self.column.ready),
            self.row.ready.eq(~leaving | (entered < gone) | (leave & (entered == gone))),
            enter.eq(self.row.valid & self.row.ready),
        ]
        with m.If(leave):
            m.d.sync += [gone.eq(gone + 1), leaving.eq(gone != SIDE - 1)]
        with m.If(enter):
            m.d.sync += entered.eq(entered + 1)
            with m.If(entered == SIDE - 1):
                m.d.sync += [leaving.eq(1), gone.eq(0), down.eq(~down)]

        moves = Signal(SIDE)
        m.d.comb += [
            moves[i].eq((leave & (gone < i)) | (enter & (entered >= i))) for i in range(SIDE)
        ]
        for r in range(SIDE):
            for c in range(SIDE):
                left = cells[r][c - 1] if c else self.row.payload[SIDE - 1 - r]
                above = cells[r - 1][c] if r else self.row.payload[SIDE - 1 - c]
                with m.If(~down & moves[c]):
                    m.d.sync += cells[r][c].eq(left)
                with m.If(down & moves[r]):
                    m.d.sync += cells[r][c].eq(above)
        for i in range(SIDE):
            lane = SIDE - 1 - i
            m.d.comb += self.column.payload[i].eq(Mux(down, cells[-1][lane], cells[lane][-1]))
        return m
