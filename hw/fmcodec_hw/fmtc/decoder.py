"""The FMTC decoder: tiles in, vectors out."""

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec.fmtc.params import WORD_BITS
from fmcodec_hw import axis
from fmcodec_hw.fmtc.code_window import CodeWindow
from fmcodec_hw.fmtc.context_fields import MEAN_BITS, Build
from fmcodec_hw.fmtc.context_loader import ContextLoader
from fmcodec_hw.fmtc.dequantiser import SUM_BITS, Dequantiser
from fmcodec_hw.fmtc.huffman_reader import HuffmanReader
from fmcodec_hw.fmtc.inverse_dct4 import InverseDct4
from fmcodec_hw.fmtc.matrix import Matrix
from fmcodec_hw.fmtc.numbers import element_signature, number_signature
from fmcodec_hw.fmtc.rice_reader import RiceReader
from fmcodec_hw.fmtc.symbol_index import SymbolIndex
from fmcodec_hw.fmtc.symbol_reader import LEVEL_BITS
from fmcodec_hw.fmtc.tile_reader import TileReader
from fmcodec_hw.logic import saturate

__all__ = ["CAUSES", "Decoder"]

# What can be wrong with a tile, in the order of doc/format.md
CAUSES = ("underrun", "words_left_over", "checksum", "context", "length", "symbol", "run")


class Decoder(wiring.Component):
    """Decode tiles into vectors (doc/format.md, "FMTC, format 2.0").

    Throughput: one coefficient per cycle whatever the data, and at most ten cycles a tile. Exactly
    the vectors asked for are given, whatever a tile holds, and the next one is intact.

    Parameters:
        params: the configuration.
        booth: the dequantiser has a multiplier of gates, see `Dequantiser`.

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

    def __init__(self, params: Params, *, booth: bool = False):
        self.params, self._booth = params, booth
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
        # The front reads a tile's codes, from the choice of its context to the comparison of its
        # CRC. The back makes values of them, which takes so long that the front may be at the next
        # tile by then, unless that names another context; the last value waits for the verdict
        m = Module()
        build = Build(self.params, "decoder")
        m.submodules.loader = loader = ContextLoader(build)
        wiring.connect(m, wiring.flipped(self.ctx), loader.words)
        m.d.comb += [
            self.status_context_loaded.eq(loader.loaded),
            self.status_context_refused.eq(loader.refused),
        ]
        over, damaged, close = Signal(), Signal(), Signal()
        level = self._front(m, loader, over, damaged, close)
        total, offset = self._transform(m, loader, level)
        self._back(m, loader, total, offset, over, damaged, close)
        return m

    def _front(self, m: Module, loader, over: Signal, damaged: Signal, close: Signal):
        """The stream of coefficients, the tile's last one marked.

        `over`: the tile is done with; `damaged` then is whether it was. It is until `close`.
        """
        tables, fields, opens = self.params.tables, loader.fields, loader.granted
        m.submodules.tile = tile = TileReader()
        m.submodules.window = window = CodeWindow()
        m.submodules.index = index = SymbolIndex(self.params.channels, tables)
        m.submodules.reader = reader = self._reader(m, loader)
        wiring.connect(m, wiring.flipped(self.code), tile.words)
        level = element_signature(LEVEL_BITS[self.params.coder]).create()
        # what goes along with the coefficients in the reader
        valid = [*(Signal(name=f"valid_{i}") for i in range(1, reader.LATENCY)), level.valid]
        last = [*(Signal(name=f"last_{i}") for i in range(1, reader.LATENCY)), level.payload.last]
        ends = [*(Signal(name=f"ends_{i}") for i in range(1, reader.LATENCY)), level.payload.ends]

        active, done = Signal(), Signal()  # a tile is decoded; all of its codes are read
        remaining = Signal(16, reset_less=True)  # vectors behind this one
        raw, final, step, moves = Signal(reset_less=True), Signal(), Signal(), Signal()
        m.d.comb += [
            loader.ask.eq(tile.opens & self.length.valid & ~active),
            loader.tag.eq(tile.header[:15]),
            tile.opened.eq(opens),
            tile.close.eq(close),
            tile.take.eq(window.take),
            window.half.eq(tile.half),
            window.there.eq(tile.there),
            window.trailing.eq(tile.trailing),
            window.length.eq(reader.length),
            window.step.eq(step),
            window.drain.eq(done),
            window.clear.eq(close),
            moves.eq(~level.valid | level.ready),
            step.eq(active & ~done & window.ready & moves),
            final.eq(index.last & ~remaining.any()),
            index.step.eq(step),
            index.last_component.eq(
                fields.last_component if loader.build.cuts_components else self.params.channels - 1
            ),
            reader.head.eq(window.head),
            reader.step.eq(step),
            reader.advance.eq(moves),
            reader.group.eq(index.group),
            reader.next_group.eq(index.next_group),
            reader.last.eq(index.last),
            reader.raw.eq(raw),
            reader.clear.eq(close),
            reader.zero_point.eq(fields.zero_point),
            reader.q_max.eq(fields.q_max),
            level.payload.value.eq(reader.level),
            over.eq(done & tile.ended & ~Cat(valid).any()),
        ]
        if tables > 1:
            m.d.comb += index.boundaries.eq(fields.boundaries)
        m.d.sync += [
            active.eq((active | opens) & ~close),
            done.eq((done | (step & final)) & ~close),
            self.length.ready.eq(opens),
        ]
        with m.If(moves):
            m.d.sync += [Cat(valid).eq(Cat(step, *valid)), Cat(last).eq(Cat(final, *last))]
            m.d.sync += Cat(ends).eq(Cat(index.last, *ends))
        with m.If(step & index.last):
            m.d.sync += remaining.eq(remaining - 1)
        with m.If(opens):
            m.d.sync += [remaining.eq(self.length.payload), raw.eq(tile.header[15])]

        causes = {
            "underrun": (opens & tile.alone) | (step & window.overrun),
            "words_left_over": done & window.full,
            "checksum": tile.bad,
            "context": opens & (tile.header[:15] != fields.tag),
            "length": opens & (tile.header[16:] != self.length.payload),
            "symbol": level.valid & reader.bad,
            "run": done & reader.unfinished,
        }
        self._tell(m, causes, damaged, close)
        return level

    def _reader(self, m: Module, loader):
        """What reads the symbols."""
        if self.params.coder == "rice":
            return RiceReader(self.params.tables)
        reader = HuffmanReader(self.params)
        m.d.comb += [
            reader.lengths.eq(loader.length),
            loader.ready.eq(reader.ready),
            reader.bank.eq(loader.bank),
        ]
        return reader

    def _tell(self, m: Module, causes: dict[str, Value], damaged: Signal, close: Signal) -> None:
        """Note what is wrong with a tile as it is seen."""
        seen, before = Signal(len(causes)), Signal()
        m.d.comb += [seen.eq(Cat(causes.values())), damaged.eq(before | seen.any())]
        m.d.sync += before.eq(damaged & ~close)
        for i, cause in enumerate(causes):
            status = getattr(self, f"status_{cause}")
            m.d.sync += status.eq(status | seen[i])

    def _transform(self, m: Module, loader, level) -> tuple:
        """The stream of sums r, saturated, and the offset of each."""
        total, offset = number_signature(SUM_BITS).create(), Signal(signed(MEAN_BITS))
        if self.params.transform == "none":
            m.d.comb += [
                total.payload.value.eq(level.payload.value << 7),
                total.payload.last.eq(level.payload.last),
                total.valid.eq(level.valid),
                level.ready.eq(total.ready),
                offset.eq(loader.fields.mean),
            ]
            return total, offset
        if self.params.transform == "dct4":
            m.submodules.dct4 = inverse = InverseDct4(len(level.payload.value))
            levels = inverse.level
            m.d.comb += offset.eq(loader.fields.mean)
        else:
            m.submodules.matrix = inverse = Matrix(loader.build, len(level.payload.value))
            levels = inverse.element
            m.d.comb += [
                levels.payload.ends.eq(level.payload.ends),
                inverse.last_row.eq(self.params.channels - 1),
                inverse.may_begin.eq(1),  # the context stays until the tile's last value leaves
                inverse.entry.eq(loader.entry),
                inverse.mean.eq(loader.mean),
                inverse.clear.eq(loader.loaded | loader.refused),
                inverse.bank.eq(loader.bank),
                offset.eq(inverse.sum.payload.mean),
            ]
        m.d.comb += [
            levels.payload.value.eq(level.payload.value),
            levels.payload.last.eq(level.payload.last),
            levels.valid.eq(level.valid),
            level.ready.eq(levels.ready),
            total.payload.value.eq(saturate(inverse.sum.payload.value, SUM_BITS)),
            total.payload.last.eq(inverse.sum.payload.last),
            total.valid.eq(inverse.sum.valid),
            inverse.sum.ready.eq(total.ready),
        ]
        return total, offset

    def _back(
        self, m: Module, loader, total, offset, over: Signal, damaged: Signal, close: Signal
    ) -> None:
        """Values of sums, the last of a tile with what the front says of it.

        `drained` of the contexts: no value is left of a tile that the front is done with.
        """
        fields = loader.fields
        m.submodules.dequantiser = dequantiser = Dequantiser(
            own_offsets=loader.build.has_matrix, booth=self._booth
        )
        wiring.connect(m, total, dequantiser.sum)
        judged, verdict = Signal(), Signal(reset_less=True)
        value, port = dequantiser.value, self.values
        last = value.payload.last
        m.d.comb += [
            dequantiser.scale.eq(fields.inverse_scale),
            dequantiser.shift.eq(fields.inverse_shift),
            dequantiser.offset.eq(offset),
            dequantiser.low.eq(fields.low),
            dequantiser.high.eq(fields.high),
            port.payload.data.eq(value.payload.value),
            port.payload.last.eq(last),
            port.payload.user.eq(last & verdict),
            port.valid.eq(value.valid & (~last | judged)),
            value.ready.eq(port.ready & (~last | judged)),
            close.eq(over & ~judged),
        ]
        with m.If(close):
            m.d.sync += [judged.eq(1), verdict.eq(damaged)]
        with m.If(port.valid & port.ready & last):
            m.d.sync += judged.eq(0)
        m.d.comb += loader.drained.eq(~judged)
