"""The EBPC encoder: words in, BPC and ZNZ streams out."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.ebpc.core import Core
from fmcodec_hw.ebpc.corner_turn import CornerTurn
from fmcodec_hw.ebpc.encoder_sequence import EncoderSequence
from fmcodec_hw.ebpc.plane_subtractor import PlaneSubtractor
from fmcodec_hw.ebpc.ports import keep_bits
from fmcodec_hw.ebpc.symbol_queue import SymbolQueue
from fmcodec_hw.ebpc.symbol_register import SymbolRegister
from fmcodec_hw.ebpc.symbol_store import SymbolStore
from fmcodec_hw.ebpc.znz_coder import ZnzCoder
from fmcodec_hw.logic import gate

__all__ = ["Encoder"]


class Encoder(Core):
    """Encode packets of words into a BPC and a ZNZ stream (doc/format.md).

    Latency: the first BPC beat is valid n+2 steps after the first non-zero word. Throughput: one
    word per cycle, or what the BPC port lets through: where sinks and source never pause, a packet
    takes at most `fmcodec.ebpc.cycles.bound` cycles. Held: one block, a symbol and a queue of bits
    at either port. A packet is pushed out by its own last word; the next one is taken when its last
    beats have left. Reset gives up the packet in progress.

    The planes of a block leave while the words of the next come in, one step of the corner turn
    for both. A step codes one plane and pushes the symbol before it, so that a plane run grows in
    the symbol register. Two steps push twice, for a block has n steps and n+2 codes: the *turn*
    {symbol, sign plane} of the previous block, and the step after it {base, plane 0}.

    A `compact` encoder pushes one code a cycle, with half the queue and one plane coder: a block
    takes up to two cycles more where no plane run makes up for them (`SymbolQueue`). The streams
    are the same.

    Parameters:
        params: the configuration; word_bits must be 8, 16 or 32.
        compact: the smaller encoder, whose rate depends on the data.

    Members:
        words: the packets; `last` closes one. `words.ready` depends combinationally on the ready
            of both streams and, while `words.valid`, on the data.
        bpc: the BPC stream.
        znz: the ZNZ stream.

    Raises:
        ValueError: `word_bits` is not 8, 16 or 32.
    """

    def __init__(self, params: Params, *, compact: bool = False):
        word_bits, port_bits = params.word_bits, params.port_words * params.word_bits
        super().__init__(
            params,
            compact,
            {
                "words": In(axis.signature(word_bits)),
                "bpc": Out(axis.signature(port_bits, keep_bits=keep_bits(params))),
                "znz": Out(axis.signature(word_bits)),
            },
        )

    def elaborate(self, platform):
        # Wiring. Words go two ways: whether they are zero to the ZNZ coder, themselves, where they
        # are not, through corner turn, subtractor, symbol store and packer. The sequence makes all
        # of the second way move at once
        params = self.params
        m = Module()
        m.submodules.sequence = sequence = EncoderSequence(params)
        m.submodules.znz_coder = znz_coder = ZnzCoder(params)
        m.submodules.corner_turn = turn = CornerTurn(params)
        m.submodules.subtractor = deltas = PlaneSubtractor(params)
        symbols: SymbolStore = SymbolQueue(params) if self.compact else SymbolRegister(params)
        m.submodules.symbols = symbols
        m.submodules.packer = packer = BitPacker(
            params.word_bits,
            symbols.push_bits,
            capacity=symbols.queue_bits,
            least_room=symbols.least_room,
            port_words=params.port_words,
            keep_bits=keep_bits(params),
        )
        wiring.connect(m, packer.beat, wiring.flipped(self.bpc))
        wiring.connect(m, znz_coder.beat, wiring.flipped(self.znz))

        data = self.words.payload.data
        m.d.comb += [
            sequence.valid.eq(self.words.valid),
            sequence.last.eq(self.words.payload.last),
            sequence.nonzero.eq(self.words.valid & data.any()),
            sequence.znz_ready.eq(znz_coder.ready),
            sequence.znz_closed.eq(znz_coder.closed),
            sequence.room.eq(symbols.ready),
            sequence.closed.eq(packer.closed),
            self.words.ready.eq(sequence.ready),
            znz_coder.nonzero.eq(sequence.nonzero),
            znz_coder.strobe.eq(sequence.taken),
            znz_coder.close.eq(sequence.znz_closing),
        ]
        m.d.comb += [
            turn.word.eq(gate(sequence.takes, data)),
            turn.step.eq(sequence.step),
            turn.index.eq(sequence.index),
            deltas.words.eq(turn.plane),
            deltas.first.eq(sequence.turning),
            deltas.enters.eq(turn.word[0]),
            deltas.last.eq(sequence.last_plane),
            deltas.step.eq(sequence.step & sequence.coded),
        ]
        m.d.comb += [
            *(
                getattr(symbols, name).eq(getattr(sequence, name))
                for name in ("step", "coded", "turning", "second", "full", "opens")
            ),
            *(
                getattr(symbols, name).eq(getattr(deltas, name))
                for name in ("dbx", "zero", "repeats", "sign_dbx", "sign_zero")
            ),
            symbols.base.eq(turn.base),
            symbols.room.eq(symbols.fits(packer)),
            packer.data.eq(symbols.data),
            packer.length.eq(symbols.length),
            packer.push.eq(symbols.push),
            packer.blank.eq(sequence.empty),
            packer.close.eq(sequence.closing & symbols.idle),
        ]
        return m
