"""The FMTC encoder: vectors or coefficients in, tiles out."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec.fmtc.params import WORD_BITS
from fmcodec_hw import axis
from fmcodec_hw.fmtc.context_fields import Build
from fmcodec_hw.fmtc.context_loader import ContextLoader
from fmcodec_hw.fmtc.dct4 import Dct4
from fmcodec_hw.fmtc.huffman_coder import HuffmanCoder
from fmcodec_hw.fmtc.matrix import Matrix
from fmcodec_hw.fmtc.numbers import ACC_BITS
from fmcodec_hw.fmtc.quantiser import Quantiser
from fmcodec_hw.fmtc.rice_coder import RiceCoder
from fmcodec_hw.fmtc.scales import Scales
from fmcodec_hw.fmtc.symbol_index import SymbolIndex
from fmcodec_hw.fmtc.tile_sequence import TileSequence
from fmcodec_hw.fmtc.tile_writer import TileWriter
from fmcodec_hw.logic import gate, saturate

__all__ = ["Encoder"]

FOLDED_BITS = 32  # of a coefficient that a convolution gives


class Encoder(wiring.Component):
    """Encode vectors into tiles (doc/format.md, "FMTC, format 2.0").

    Throughput: one coefficient per cycle whatever the data, with a matrix P products per cycle, and
    at most ten cycles a tile (`fmcodec.fmtc.cycles`). A tile that changes the context begins when
    the last code of the one before is made; with Huffman codes that is a vector later. Held: with
    Huffman codes two vectors of symbols, with dct4 one of values, with a matrix two. Reset gives up
    tiles and contexts alike.

    Parameters:
        params: the configuration.
        folded: coefficients come from outside, a convolution with the transform in it.
        booth: the quantiser has a multiplier of gates, see `Quantiser`.

    Members:
        ctx: encoder contexts, `last` with the CRC; loaded while tiles run.
        tile: the first word of every tile: vectors - 1, raw, tag. It is taken when it is written,
            which waits for the context that it names.
        values: int8, C of every vector; folded: int32, K of every vector. `last` with the last of
            a tile. `values.ready` depends on `code.ready`.
        code: the tiles, `last` with the CRC.
        status_clip: a coefficient was clipped, in this cycle.
        status_length: the `last` of a tile was not where its number of vectors has it; until reset.
        status_context_loaded, status_context_refused: a context is over, in this cycle.
    """

    def __init__(self, params: Params, *, folded: bool = False, booth: bool = False):
        self.params, self.folded, self._booth = params, folded, booth
        self._build = Build(params, "folded" if folded else "encoder")
        super().__init__(
            {
                "ctx": In(axis.signature(WORD_BITS)),
                "tile": In(stream.Signature(WORD_BITS)),
                "values": In(axis.signature(FOLDED_BITS if folded else 8)),
                "code": Out(axis.signature(WORD_BITS)),
                "status_clip": Out(1),
                "status_length": Out(1),
                "status_context_loaded": Out(1),
                "status_context_refused": Out(1),
            }
        )

    def elaborate(self, platform):
        # From the choice of its context on, the coefficients of a tile go through three registers:
        # reduced to 16 bits, as symbols, as codes. The index counts them as they enter, and what it
        # tells goes along. The next tile begins while the words of this one leave; with Huffman
        # codes while its last vector is coded, unless the context is another
        m = Module()
        build, tables = self._build, self.params.tables
        m.submodules.loader = loader = ContextLoader(build)
        m.submodules.sequence = sequence = TileSequence()
        m.submodules.index = index = SymbolIndex(self.params.channels, tables)
        m.submodules.scales = scales = Scales(build)
        m.submodules.quantiser = quantiser = Quantiser(booth=self._booth)
        coder = HuffmanCoder(self.params) if build.has_huffman else RiceCoder(tables)
        m.submodules.coder = coder
        m.submodules.writer = writer = TileWriter()
        wiring.connect(m, wiring.flipped(self.ctx), loader.words)
        wiring.connect(m, wiring.flipped(self.tile), sequence.tile)
        wiring.connect(m, sequence.header, writer.header)
        wiring.connect(m, coder.code, writer.code)
        wiring.connect(m, writer.words, wiring.flipped(self.code))

        step = Signal()
        valid, ends, last = Signal(), Signal(), Signal()  # of the quantiser's register
        group = Signal.like(index.group, name="held_group", reset_less=True)
        ready = sequence.is_open & (~valid | coder.symbol.ready)
        front = self._front(m, loader, sequence, index)
        symbol = coder.symbol.payload
        m.d.comb += [
            step.eq(front.valid & ready),
            front.ready.eq(ready),
            index.step.eq(step),
            sequence.granted.eq(loader.granted),
            sequence.step.eq(step),
            sequence.ends.eq(index.last),
            sequence.quiet.eq(~valid & (build.has_huffman | coder.idle)),
            loader.drained.eq(~valid & coder.idle),
            loader.ask.eq(sequence.ask),
            loader.tag.eq(sequence.tag),
            quantiser.acc.eq(front.payload.acc),
            quantiser.step.eq(step),
            coder.symbol.valid.eq(valid),
            coder.raw.eq(sequence.raw),
            symbol.negative.eq(quantiser.negative),
            symbol.magnitude.eq(quantiser.magnitude),
            symbol.zero.eq(quantiser.zero),
            symbol.group.eq(group),
            symbol.ends.eq(ends),
            symbol.last.eq(last),
        ]
        m.d.sync += valid.eq(step | (valid & ~coder.symbol.ready))
        with m.If(step):
            m.d.sync += [group.eq(index.group), ends.eq(index.last), last.eq(sequence.final)]
        with m.If(step & (front.payload.last ^ sequence.final)):
            m.d.sync += self.status_length.eq(1)
        m.d.comb += [
            self.status_clip.eq(valid & coder.symbol.ready & quantiser.clipped),
            self.status_context_loaded.eq(loader.loaded),
            self.status_context_refused.eq(loader.refused),
        ]
        self._numbers(m, loader, index, scales, quantiser, coder)
        return m

    def _front(self, m: Module, loader, sequence, index):
        """The stream of accumulators, each with the `last` of the values that it is made of."""
        layout = data.StructLayout({"acc": signed(ACC_BITS), "last": 1})
        front = stream.Signature(layout).create()
        acc, values, fields = front.payload.acc, self.values, loader.fields
        value = values.payload.data
        if self._build.transform == "matrix":
            self._matrix(m, front, loader, sequence)
            return front
        if self._build.transform == "dct4":
            m.submodules.dct4 = dct4 = Dct4()
            wiring.connect(m, wiring.flipped(values), dct4.values)
            mean = gate(~index.component.any(), fields.mean)
            coefficient = dct4.coefficient
            m.d.comb += [
                acc.eq((coefficient.payload.value << 5) - mean.as_signed()),
                front.valid.eq(coefficient.valid),
                front.payload.last.eq(coefficient.payload.last & index.last),
                coefficient.ready.eq(front.ready),
            ]
            with m.If(dct4.misplaced):
                m.d.sync += self.status_length.eq(1)
            return front
        if self.folded:
            m.d.comb += acc.eq(saturate(value, ACC_BITS))
        else:
            m.d.comb += acc.eq((value.as_signed() << 7) - fields.mean)
        m.d.comb += [
            front.valid.eq(values.valid),
            front.payload.last.eq(values.payload.last),
            values.ready.eq(front.ready),
        ]
        return front

    def _matrix(self, m: Module, front, loader, sequence) -> None:
        """Accumulators by a matrix of the context."""
        values, channels = self.values, self.params.channels
        m.submodules.matrix = matrix = Matrix(self._build, len(values.payload.data))
        place, ends = Signal(range(channels)), Signal()
        taken = values.valid & values.ready
        element, total = matrix.element, matrix.sum
        m.d.comb += [
            ends.eq(place == channels - 1),
            element.valid.eq(values.valid),
            element.payload.value.eq(values.payload.data),
            element.payload.ends.eq(ends),
            element.payload.last.eq(values.payload.last),
            values.ready.eq(element.ready),
            matrix.last_row.eq(loader.fields.last_component),
            matrix.may_begin.eq(sequence.may_begin),
            sequence.begins.eq(matrix.begins),
            matrix.entry.eq(loader.entry),
            matrix.mean.eq(loader.mean),
            matrix.clear.eq(loader.loaded | loader.refused),
            matrix.bank.eq(loader.bank),
            front.valid.eq(total.valid),
            front.payload.acc.eq(total.payload.value - total.payload.mean),
            front.payload.last.eq(total.payload.last),
            total.ready.eq(front.ready),
        ]
        with m.If(taken):
            m.d.sync += place.eq(Mux(ends, 0, place + 1))
        with m.If(taken & values.payload.last & ~ends):
            m.d.sync += self.status_length.eq(1)

    def _numbers(self, m: Module, loader, index, scales, quantiser, coder) -> None:
        """The numbers of the context in use, to those who take them."""
        fields, build = loader.fields, self._build
        last_component = self.params.channels - 1
        m.d.comb += [
            index.last_component.eq(
                fields.last_component if build.cuts_components else last_component
            ),
            scales.pairs.eq(fields.pairs),
            scales.component.eq(index.component),
            scales.following.eq(index.following),
            scales.opens.eq(loader.granted),
            scales.step.eq(index.step),
            quantiser.shift.eq(scales.shift),
            quantiser.scale.eq(scales.scale),
            quantiser.zero_point.eq(fields.zero_point),
            quantiser.span.eq(fields.span),
            coder.zero_point.eq(fields.zero_point),
        ]
        if build.has_huffman:
            m.d.comb += [
                coder.end_before.eq(fields.end_before),
                coder.bank.eq(loader.bank),
                coder.length.eq(loader.length),
                loader.ready.eq(coder.ready),
            ]
        if self.params.tables > 1:
            m.d.comb += index.boundaries.eq(fields.boundaries)
        if build.has_each:
            m.d.comb += [
                scales.each.eq(fields.each),
                scales.bank.eq(loader.bank),
                scales.write.eq(loader.pair),
            ]
