"""The EBPC encoder: words in, BPC and ZNZ streams out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.ebpc.core import Core
from fmcodec_hw.ebpc.corner_turn import CornerTurn
from fmcodec_hw.ebpc.plane_coder import PlaneCoder
from fmcodec_hw.ebpc.plane_subtractor import PlaneSubtractor
from fmcodec_hw.ebpc.ports import keep_bits
from fmcodec_hw.ebpc.symbol_queue import SymbolQueue
from fmcodec_hw.ebpc.symbol_register import SymbolRegister
from fmcodec_hw.ebpc.zero_run_coder import ZeroRunCoder

__all__ = ["Encoder"]


class _State(enum.Enum):
    TAKE = 0  # words come in
    FILL = 1  # the packet has ended: zero words fill its last block
    FLUSH = 2  # zero words push the last block's planes out
    CLOSE = 3  # the last bits leave


class Encoder(Core):
    """Encode packets of words into a BPC and a ZNZ stream (doc/format.md).

    Latency: the first BPC beat is valid n+2 steps after the first non-zero word. Throughput: one
    word per cycle, or what the BPC port lets through: where sinks and source never pause, a packet
    takes at most `max_cycles` cycles. Held: one block, a symbol and a queue of bits at either port.
    A packet is pushed out by its own last word; the next one is taken when its last beats have
    left. Reset gives up the packet in progress.

    The planes of a block leave while the words of the next come in, one step of the corner turn
    for both. A step codes one plane and pushes the symbol before it, so that a run of zero planes
    grows in the symbol register. Two steps push twice, for a block has n steps and n+2 symbols:
    `turn` {symbol, sign plane} of the previous block, and the step after it {base, plane 0}.

    A `compact` encoder pushes one code a cycle, with half the queue and one plane coder: a block
    takes up to two cycles more where no run of planes makes up for them (`SymbolQueue`). The
    streams are the same.

    Parameters:
        params: the configuration; word_bits must be 8, 16 or 32.
        compact: the smaller encoder, whose rate depends on the data.

    Members:
        words: the packets; `last` closes one.
        bpc, znz: the streams. `words.ready` depends combinationally on the ready of both.

    Raises:
        ValueError: `word_bits` is not 8, 16 or 32.
    """

    def __init__(self, params: Params, *, compact: bool = False):
        m = params.word_bits
        super().__init__(
            params,
            compact,
            {
                "words": In(axis.signature(m)),
                "bpc": Out(axis.signature(params.port_words * m, keep_bits=keep_bits(params))),
                "znz": Out(axis.signature(m)),
            },
        )

    def _packer(self, symbols: SymbolQueue | SymbolRegister) -> BitPacker:
        """A packer with a queue that keeps the bound of the cycles."""
        params = self.params
        m, n = params.word_bits, params.block_words
        port_bits = params.port_words * m
        capacity, least_room = port_bits + symbols.push_bits - 1, symbols.push_bits
        if isinstance(symbols, SymbolRegister):
            # the two steps that push two codes are neighbours; a beat leaves after the first
            capacity = max(capacity, symbols.turn_bits + symbols.base_bits - 1)
            # n > m: planes come in m of the n steps, faster than the port may take them
            capacity += (n > m) * (m - 2) * max(symbols.single_bits - port_bits, 0)
            # a port as wide as the heaviest push never leaves more than that behind
            if symbols.push_bits > port_bits:
                least_room = symbols.single_bits
        return BitPacker(
            m,
            symbols.push_bits,
            capacity=capacity,
            least_room=least_room,
            port_words=params.port_words,
            keep_bits=keep_bits(params),
        )

    def elaborate(self, platform):
        params = self.params
        mod = Module()
        m, n = params.word_bits, params.block_words

        mod.submodules.corner_turn = turn = CornerTurn(params)
        mod.submodules.subtractor = deltas = PlaneSubtractor(params)
        mod.submodules.plane_coder = coder = PlaneCoder(params)
        mod.submodules.zero_run_coder = znz = ZeroRunCoder(params)
        mod.submodules.symbols = symbols = (SymbolQueue if self.compact else SymbolRegister)(params)
        mod.submodules.packer = packer = self._packer(symbols)
        wiring.connect(mod, packer.beat, wiring.flipped(self.bpc))
        wiring.connect(mod, znz.beat, wiring.flipped(self.znz))

        # Sequence: word `index` of a block enters in this step. Plane 0 leaves with the last word,
        # the others in the m-1 steps after that; where m > n no word enters in the first of those
        state = Signal(_State, attrs={"fsm_encoding": "none"})  # two bits suffice
        index = Signal(range(max(m, n)))
        turning, second, coded = Signal(), Signal(), Signal()
        draining, at_start = Signal(), Signal()
        full = Signal()  # a whole block is held, its planes are on their way out
        mod.d.comb += [
            turning.eq(index == n - 1),
            second.eq(index == (n if m > n else 0)),
            coded.eq(turning | (index < m - 1) if m < n else 1),
            draining.eq(index >= n),
            at_start.eq(index == 0),
        ]

        # A word is taken when whatever it may push has room
        data = self.words.payload.data
        nonzero = Signal()
        room = Signal()  # for whatever a step pushes
        step = Signal()
        accept = Signal()
        znz_closing = Signal()
        mod.d.comb += [
            nonzero.eq(data.any()),
            self.words.ready.eq(
                (state == _State.TAKE) & ~znz_closing & znz.ready & (~nonzero | (room & ~draining))
            ),
            accept.eq(self.words.valid & self.words.ready),
            znz.nonzero.eq(nonzero),
            znz.strobe.eq(accept),
            znz.close.eq(znz_closing),
        ]
        empty = Signal()  # the packet had no non-zero word: its BPC stream is one zero word
        flushing = ((state == _State.FILL) & ~at_start) | (state == _State.FLUSH)
        mod.d.comb += [
            empty.eq((state == _State.FILL) & at_start & ~full),
            step.eq((accept & nonzero) | (room & (flushing | draining))),
        ]
        with mod.If(step):
            mod.d.sync += index.eq(Mux(index == max(m, n) - 1, 0, index + 1))
        with mod.If(step & turning):
            mod.d.sync += full.eq(state != _State.FLUSH)

        # The sign bit enters inverted, for the subtractor's sake
        entering = Signal(m)
        mod.d.comb += [
            entering.eq(data & (state == _State.TAKE).replicate(m) ^ (1 << (m - 1))),
            turn.word.eq(entering),
            turn.step.eq(step),
            turn.index.eq(index),
            deltas.words.eq(turn.plane),
            deltas.first.eq(turning),
            deltas.step.eq(step & coded),
            symbols.step.eq(step),
            symbols.coded.eq(coded),
            symbols.turning.eq(turning),
            symbols.full.eq(full),
            symbols.symbol.eq(coder.symbol),
            symbols.zero.eq(coder.zero),
            symbols.base.eq(turn.base ^ (1 << (m - 1))),
            packer.data.eq(symbols.data),
            packer.length.eq(symbols.length),
            packer.push.eq(symbols.push),
            packer.blank.eq(empty),
        ]
        if isinstance(symbols, SymbolQueue):
            self._one_code(mod, deltas, coder, symbols, packer, room, state)
        else:
            self._two_codes(mod, deltas, coder, symbols, packer, room, state, second)

        with mod.If(accept & self.words.payload.last):
            mod.d.sync += [state.eq(_State.FILL), znz_closing.eq(1)]
        with mod.If(znz.closed):
            mod.d.sync += znz_closing.eq(0)
        with mod.If((state == _State.FILL) & at_start):
            mod.d.sync += state.eq(Mux(full, _State.FLUSH, _State.CLOSE))
        with mod.If((state == _State.FLUSH) & step & turning):
            mod.d.sync += state.eq(_State.CLOSE)
        with mod.If(packer.closed):
            mod.d.sync += state.eq(_State.TAKE)
        return mod

    def _one_code(
        self,
        mod: Module,
        deltas: PlaneSubtractor,
        coder: PlaneCoder,
        symbols: SymbolQueue,
        packer: BitPacker,
        room: Signal,
        state: Signal,
    ) -> None:
        """Where one code a cycle is pushed, the sign plane takes its turn at the coder."""
        sign = symbols.code_sign
        sign_dbx = deltas.sign ^ deltas.before
        # plane 0 is its own dbx
        dbx = Mux(deltas.first, deltas.dbp, deltas.dbx)
        mod.d.comb += [
            coder.dbx.eq(Mux(sign, sign_dbx, dbx)),
            coder.dbp_zero.eq(~Mux(sign, deltas.sign, deltas.dbp).any()),
            symbols.opens.eq(state != _State.FLUSH),
            symbols.sign_zero.eq(~sign_dbx.any()),
            symbols.room.eq(packer.room(symbols.single_bits)),
            room.eq(symbols.ready),
            packer.close.eq((state == _State.CLOSE) & symbols.idle),
        ]

    def _two_codes(
        self,
        mod: Module,
        deltas: PlaneSubtractor,
        coder: PlaneCoder,
        symbols: SymbolRegister,
        packer: BitPacker,
        room: Signal,
        state: Signal,
        second: Signal,
    ) -> None:
        """Where two codes are pushed in some steps, a coder of its own has the second one."""
        mod.submodules.edge_coder = edge_coder = PlaneCoder(self.params)
        turn_room, base_room, single_room = (
            packer.room(bits)
            for bits in (symbols.turn_bits, symbols.base_bits, symbols.single_bits)
        )
        turning = deltas.first
        sign = deltas.sign & turning.replicate(len(deltas.sign))
        mod.d.comb += [
            coder.dbx.eq(deltas.dbx),
            coder.dbp_zero.eq(~deltas.dbp.any()),
            # with the turn the sign plane, after it plane 0, which is its own dbx
            edge_coder.dbx.eq(deltas.before ^ sign),
            edge_coder.dbp_zero.eq(turning & ~deltas.sign.any()),
            symbols.second.eq(second),
            symbols.edge_symbol.eq(edge_coder.symbol),
            symbols.edge_zero.eq(edge_coder.zero),
            room.eq(Mux(turning, turn_room, Mux(second, base_room, single_room))),
            packer.close.eq(state == _State.CLOSE),
        ]
