"""The FMTC decoder: tiles in, vectors out."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec.fmtc.params import WORD_BITS
from fmcodec_hw import axis
from fmcodec_hw.fmtc.code_window import CodeWindow
from fmcodec_hw.fmtc.context_fields import Build
from fmcodec_hw.fmtc.context_loader import ContextLoader
from fmcodec_hw.fmtc.dequantiser import Dequantiser
from fmcodec_hw.fmtc.rice_reader import RiceReader
from fmcodec_hw.fmtc.symbol_index import SymbolIndex
from fmcodec_hw.fmtc.tile_reader import TileReader

__all__ = ["CAUSES", "Decoder"]

# What can be wrong with a tile, in the order of doc/format.md
CAUSES = ("underrun", "words_left_over", "checksum", "context", "length", "symbol", "run")


class Decoder(wiring.Component):
    """Decode tiles into vectors (doc/format.md, "FMTC, format 2.0").

    Throughput: one coefficient per cycle whatever the data, and at most ten cycles a tile. Exactly
    the vectors asked for are given, whatever a tile holds, and the next one is intact.

    Parameters:
        params: the configuration.

    Members:
        ctx: decoder contexts, `last` with the CRC; loaded while tiles run.
        length: vectors - 1 of every tile; taken when the tile begins.
        code: the tiles, `last` with the CRC. `code.ready` depends on `length.valid` where a tile
            begins.
        values: int8, C of every vector, `last` with the last of a tile; `user` then, where the tile
            is damaged.
        status_underrun, ...: a tile was damaged so, see `CAUSES`; until reset.
        status_context_loaded, status_context_refused: a context is over, in this cycle.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "ctx": In(axis.signature(WORD_BITS)),
                "length": In(stream.Signature(16)),
                "code": In(axis.signature(WORD_BITS)),
                "values": Out(axis.signature(8, user=1)),
                **{f"status_{cause}": Out(1) for cause in CAUSES},
                "status_context_loaded": Out(1),
                "status_context_refused": Out(1),
            }
        )

    def elaborate(self, platform):
        # From the choice of its context on, the coefficients of a tile go through two registers:
        # as what a code says, and as scaled sums. The last value waits until the rest of the tile
        # has been passed over and the CRC compared, then the next tile begins
        m = Module()
        build, tables = Build(self.params, "decoder"), self.params.tables
        m.submodules.loader = loader = ContextLoader(build)
        m.submodules.tile = tile = TileReader()
        m.submodules.window = window = CodeWindow()
        m.submodules.index = index = SymbolIndex(self.params.channels, tables)
        m.submodules.reader = reader = RiceReader(tables)
        m.submodules.dequantiser = dequantiser = Dequantiser()
        wiring.connect(m, wiring.flipped(self.ctx), loader.words)
        wiring.connect(m, wiring.flipped(self.code), tile.words)
        fields, opens = loader.fields, loader.granted

        active, done = Signal(), Signal()  # a tile is decoded; all of its codes are read
        remaining = Signal(16, reset_less=True)  # vectors behind this one
        raw = Signal(reset_less=True)
        final, step, close = Signal(), Signal(), Signal()
        m.d.comb += [
            loader.ask.eq(tile.opens & self.length.valid & ~active),
            loader.tag.eq(tile.header[:15]),
            tile.opened.eq(opens),
            tile.close.eq(close),
            final.eq(index.last & ~remaining.any()),
        ]
        m.d.sync += [
            active.eq((active | opens) & ~close),
            done.eq((done | (step & final)) & ~close),
            self.length.ready.eq(opens),
        ]
        with m.If(step & index.last):
            m.d.sync += remaining.eq(remaining - 1)
        with m.If(opens):
            m.d.sync += [remaining.eq(self.length.payload), raw.eq(tile.header[15])]

        # Two registers behind the window, each with the last of the tile marked
        read, read_last, summed, summed_last = (
            Signal(name=name) for name in ("read", "read_last", "summed", "summed_last")
        )
        moves, ready = Signal(), Signal()  # the registers' next cycle is free
        m.d.comb += [
            ready.eq(~summed | (self.values.valid & self.values.ready)),
            moves.eq(~read | ready),
            step.eq(active & ~done & window.ready & moves),
            index.step.eq(step),
            reader.step.eq(step),
            window.step.eq(step),
            dequantiser.step.eq(read & ready),
        ]
        with m.If(moves):
            m.d.sync += [read.eq(step), read_last.eq(final)]
        with m.If(ready):
            m.d.sync += [summed.eq(read), summed_last.eq(read_last)]

        m.d.comb += [
            window.half.eq(tile.half),
            window.there.eq(tile.there),
            window.trailing.eq(tile.trailing),
            window.length.eq(reader.length),
            window.drain.eq(done),
            window.clear.eq(close),
            tile.take.eq(window.take),
            reader.head.eq(window.head),
            reader.group.eq(index.group),
            reader.raw.eq(raw),
            reader.clear.eq(close),
            reader.zero_point.eq(fields.zero_point),
            reader.q_max.eq(fields.q_max),
            index.last_component.eq(self.params.channels - 1),
            dequantiser.sum.eq(reader.level << 7),
            dequantiser.scale.eq(fields.inverse_scale),
            dequantiser.shift.eq(fields.inverse_shift),
            dequantiser.offset.eq(fields.mean),
            dequantiser.low.eq(fields.low),
            dequantiser.high.eq(fields.high),
        ]
        if tables > 1:
            m.d.comb += index.boundaries.eq(fields.boundaries)

        damaged = Signal()
        m.d.comb += [
            self.values.payload.data.eq(dequantiser.value),
            self.values.payload.last.eq(summed_last),
            self.values.payload.user.eq(summed_last & (damaged | tile.bad)),
            self.values.valid.eq(summed & (~summed_last | tile.ended)),
            close.eq(self.values.valid & self.values.ready & summed_last),
            self.status_context_loaded.eq(loader.loaded),
            self.status_context_refused.eq(loader.refused),
        ]
        causes = {
            "underrun": (opens & tile.alone) | (step & window.overrun),
            "words_left_over": done & window.full,
            "checksum": tile.bad,
            "context": opens & (tile.header[:15] != fields.tag),
            "length": opens & (tile.header[16:] != self.length.payload),
            "symbol": read & reader.bad,
            "run": done & reader.unfinished,
        }
        for cause, seen in causes.items():
            status = getattr(self, f"status_{cause}")
            m.d.sync += status.eq(status | seen)
        told = [seen for cause, seen in causes.items() if cause != "checksum"]
        m.d.sync += damaged.eq((damaged | Cat(told).any()) & ~close)
        return m
