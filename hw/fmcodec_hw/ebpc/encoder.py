"""The EBPC encoder: words in, BPC and ZNZ streams out."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out
from fmcodec.ebpc import Params

from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.ebpc.corner_turn import CornerTurn
from fmcodec_hw.ebpc.plane_coder import PlaneCoder, extend_run, is_run, symbol_bits
from fmcodec_hw.ebpc.zero_run_coder import ZeroRunCoder

__all__ = ["Encoder"]


class _State(enum.Enum, shape=2):
    TAKE = 0  # words come in
    FILL = 1  # the packet has ended: zero words fill its last block
    FLUSH = 2  # zero words push the last block's planes out
    CLOSE = 3  # the last bits leave


class PlaneSubtractor(wiring.Component):
    """Bit k of every delta from bit k of every word, least significant plane first.

    Members:
        words: the plane of the n words, word 0 in bit 0.
        first, step: this step's plane is plane 0; a plane goes by.
        dbp, dbx: the plane of the n-1 deltas, and its xor with the plane before.
        sign_dbp, sign_dbx: the sign plane, from the step after plane m-1 until the next plane 0
            has gone by. The words' sign bits must come inverted: the last borrow is then the sign.
    """

    def __init__(self, params: Params):
        self._bits = bits = params.plane_bits
        super().__init__(
            {
                "words": In(bits + 1),
                "first": In(1),
                "step": In(1),
                "dbp": Out(bits),
                "dbx": Out(bits),
                "sign_dbp": Out(bits),
                "sign_dbx": Out(bits),
            }
        )

    def elaborate(self, platform):
        mod = Module()
        earlier, later = self.words[:-1], self.words[1:]
        borrow = Signal(self._bits, reset_less=True)
        before = Signal(self._bits, reset_less=True)
        differ = Signal(self._bits)
        carried = Signal(self._bits)
        keep = (~self.first).replicate(self._bits)
        mod.d.comb += [
            differ.eq(earlier ^ later),
            carried.eq(borrow & keep),
            self.dbp.eq(differ ^ carried),
            self.dbx.eq(self.dbp ^ (before & keep)),
            self.sign_dbp.eq(borrow),
            self.sign_dbx.eq(borrow ^ before),
        ]
        with mod.If(self.step):
            mod.d.sync += [
                borrow.eq((differ & earlier) | (~differ & carried)),
                before.eq(self.dbp),
            ]
        return mod


class Encoder(wiring.Component):
    """Encode packets of words into a BPC and a ZNZ stream (doc/format.md).

    Latency: the first BPC beat is valid n+2 steps after the first non-zero word. Throughput: one
    word per cycle, or what the BPC port lets through: a packet takes at most `Params.max_cycles` +
    `max_overhead_cycles` cycles, the next one included, where sinks and source never pause. Held: one block, a symbol, a residue and a few words at
    either port. A packet is pushed out by its own last word; the next one is taken when its last
    beats have left. Synchronous reset gives up the packet in progress.

    The planes of a block leave while the words of the next come in, one step of the corner turn
    for both. A step codes one plane and pushes the symbol before it, so that a run of zero planes
    grows in the symbol register. Two steps push twice, for a block has n steps and n+2 symbols:
    `turn` {symbol, sign plane} of the previous block, and the step after it {base, plane 0}.

    Members:
        words: the packets; `last` closes one.
        bpc, znz: the streams. `words.ready` depends combinationally on the ready of both.

    Raises:
        ValueError: `word_bits` is no power of two.
    """

    def __init__(self, params: Params):
        m = params.word_bits
        if m & (m - 1):
            raise ValueError(f"word_bits must be a power of two in the cores, not {m!r}")
        self.params = params
        lanes = m // 8 if m % 8 == 0 else 1
        keep_bits = params.port_words * lanes if params.port_words > 1 else 0
        super().__init__(
            {
                "words": In(axis.signature(m)),
                "bpc": Out(axis.signature(params.port_words * m, keep_bits=keep_bits)),
                "znz": Out(axis.signature(m)),
            }
        )
        self._keep_bits = keep_bits

    @staticmethod
    def max_overhead_cycles(params: Params) -> int:
        """Cycles that a packet may take beyond `Params.max_cycles`: its last block's way out."""
        return 2 * params.block_words + params.drain_cycles + 8

    def elaborate(self, platform):
        params = self.params
        mod = Module()
        m, n = params.word_bits, params.block_words
        drains = max(m - n, 0)
        start = 1 + drains  # the step in which a block's first word enters

        # Bits that a step may push, and the queue that takes the two heaviest steps in a row
        symbol_max = params.max_symbol_bits
        turn_bits, base_bits = 2 * symbol_max, m + symbol_max
        heaviest = max(turn_bits, base_bits)
        port_bits = params.port_words * m
        capacity = max(turn_bits + base_bits, port_bits + heaviest) - 1
        if n > m:
            # the planes come in m steps, the port needs bits for all n: either all that the port
            # cannot take in those m, or enough for the others
            rush = (m - 2) * max(symbol_max - port_bits, 0)
            rest = (n - m) * port_bits + symbol_max + m - 1
            capacity = max(capacity, min(capacity + rush, rest))

        mod.submodules.corner_turn = turn = CornerTurn(params)
        mod.submodules.subtractor = deltas = PlaneSubtractor(params)
        mod.submodules.plane_coder = coder = PlaneCoder(params)
        mod.submodules.sign_coder = sign_coder = PlaneCoder(params)
        mod.submodules.zero_run_coder = znz = ZeroRunCoder(params)
        mod.submodules.packer = packer = BitPacker(
            m,
            heaviest,
            capacity=capacity,
            # a port as wide as the heaviest push never leaves more than that behind
            least_room=heaviest if heaviest <= port_bits else symbol_max,
            port_words=params.port_words,
            keep_bits=self._keep_bits,
        )
        wiring.connect(mod, packer.beat, wiring.flipped(self.bpc))
        wiring.connect(mod, znz.beat, wiring.flipped(self.znz))

        # Sequence: plane `index` leaves in this step; in step 0 the last word of a block enters
        state = Signal(_State)
        index = Signal(range(max(m, n)), init=start)
        turning, based, draining, at_start = Signal(), Signal(), Signal(), Signal()
        full = Signal()  # a whole block is held, its planes are on their way out
        mod.d.comb += [
            turning.eq(index == 0),
            based.eq(index == 1),
            at_start.eq(index == start),
            draining.eq(~turning & (index < start)),
        ]

        # A word is taken when whatever it may push has room
        data = self.words.payload.data
        nonzero, room, step, accept, znz_closing = (Signal() for _ in range(5))
        mod.d.comb += [
            nonzero.eq(data.any()),
            room.eq(
                Mux(
                    turning | based,
                    Mux(turning, packer.room(turn_bits), packer.room(base_bits)),
                    packer.room(symbol_max),
                )
            ),
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
            turn.turn.eq(turning),
            turn.drain.eq(draining),
            turn.planes_left.eq(index < m),
            deltas.words.eq(turn.plane),
            deltas.first.eq(turning),
            deltas.step.eq(step & (index < m)),
            coder.dbx.eq(deltas.dbx),
            coder.dbp.eq(deltas.dbp),
            sign_coder.dbx.eq(deltas.sign_dbx),
            sign_coder.dbp.eq(deltas.sign_dbp),
        ]

        # The symbol register: a run grows in it, anything else pushes it on
        symbol = Signal(symbol_max, reset_less=True)
        longer = extend_run(params, symbol)
        grows, grows_sign, plane_coded = Signal(), Signal(), Signal()
        mod.d.comb += [
            plane_coded.eq(index < m),
            grows.eq(is_run(symbol) & coder.zero & ~turning & plane_coded),
            grows_sign.eq(is_run(symbol) & sign_coder.zero & turning),
        ]
        with mod.If(step & plane_coded):
            mod.d.sync += symbol.eq(Mux(grows, longer, coder.symbol))

        # What goes to the packer: {symbol, sign plane}, {base, symbol} or {symbol}. The zero plane
        # that keeps a run in its register is known late: behind the base that run is one, 01.
        base = turn.base ^ (1 << (m - 1))
        last_symbol = Mux(grows_sign, longer, symbol)
        upper = (_top(last_symbol, heaviest) & turning.replicate(heaviest)) | (
            _top(base, heaviest) & based.replicate(heaviest)
        )
        kept_back = Const(0b01, 2) & (based & grows).replicate(2)
        sent = symbol & ~_top(kept_back, symbol_max)
        lower = (sign_coder.symbol & (turning & ~grows_sign).replicate(symbol_max)) | (
            sent & ~turning.replicate(symbol_max)
        )
        upper_bits = Mux(turning, symbol_bits(params, last_symbol), Mux(based, m, 0))
        lower_bits = Mux(
            turning,
            Mux(grows_sign, 0, symbol_bits(params, sign_coder.symbol)),
            Mux(based & grows, 0, symbol_bits(params, symbol)),
        )
        coded = Signal()  # m < n: steps without a plane push nothing
        mod.d.comb += [
            coded.eq(index < m),
            packer.data.eq(upper | (_top(lower, heaviest) >> upper_bits)),
            packer.length.eq(upper_bits + lower_bits),
            packer.push.eq(step & full & coded & (turning | based | ~grows)),
            packer.blank.eq(empty),
            packer.close.eq(state == _State.CLOSE),
        ]

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


def _top(value, width: int):
    """`value` at the top of `width` bits, zeros below."""
    return Cat(Const(0, width - len(value)), value)
