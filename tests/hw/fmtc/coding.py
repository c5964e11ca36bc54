"""Drive the parts that code symbols, and load code tables, whatever part has them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fmcodec.bits import BitWriter

__all__ = ["coded", "load_tables", "symbol_beats"]


def symbol_beats(symbols: np.ndarray, zero_point: int, group_of) -> list[dict[str, int]]:
    """The symbols of a tile, shape (vectors, components), as a coder takes them."""
    flat, width = symbols.ravel().tolist(), len(group_of)
    return [
        {
            "negative": symbol < zero_point,
            "magnitude": abs(symbol - zero_point),
            "zero": symbol == zero_point,
            "group": int(group_of[i % width]),
            "ends": i % width == width - 1,
            "last": i == len(flat) - 1,
        }
        for i, symbol in enumerate(flat)
    ]


async def coded(ctx, dut, beats: list[dict[str, int]], pause: Iterator[bool]) -> list[int]:
    """Words of the codes of a tile, ports `symbol` and `code` of `dut` resting as `pause` says."""
    writer, place, last = BitWriter(32), 0, False
    while not last:
        if not ctx.get(dut.symbol.valid) and place < len(beats) and not next(pause):
            ctx.set(dut.symbol.payload, beats[place])
            ctx.set(dut.symbol.valid, 1)
        ctx.set(dut.code.ready, not next(pause))
        *_, valid, ready, shown, code, given = await ctx.tick().sample(
            dut.symbol.valid,
            dut.symbol.ready,
            dut.code.valid,
            dut.code.payload,
            dut.code.ready,
        )
        if valid and ready:
            place += 1
            ctx.set(dut.symbol.valid, 0)
        if shown and given:
            writer.write(code.bits >> 16 - code.length, code.length)
            last = bool(code.last)
    assert place == len(beats)
    return writer.words().tolist()


async def load_tables(ctx, port, ready, lengths: np.ndarray) -> None:
    """Offer the code lengths of all tables at `port`, until `ready` says that they are built."""
    for table, row in enumerate(lengths.tolist()):
        for symbol, length in enumerate(row):
            while not ctx.get(ready):
                await ctx.tick()
            fields = {"table": table, "symbol": symbol, "length": length}
            ctx.set(port, {**fields, "valid": 1, "last": symbol == len(row) - 1})
            await ctx.tick()
            ctx.set(port.valid, 0)
    while not ctx.get(ready):
        await ctx.tick()
