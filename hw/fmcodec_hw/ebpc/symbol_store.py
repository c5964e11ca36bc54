"""What both stores of symbols are: the way of planes of deltas to the packer of the BPC stream."""

from amaranth.hdl import Cat, Const, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.bit_packer import BitPacker

__all__ = ["SymbolStore"]


class SymbolStore(wiring.Component):
    """Code the planes of blocks and push the codes, each block's base before its symbols.

    A symbol leaves later than its plane comes, so that a plane run can grow in its place. A store
    has its own plane coders, and knows how large the packer behind it must be.

    Attributes:
        push_bits: bits of the largest push.
        queue_bits: bits that the packer must hold for the core to keep its rate.
        least_room: smallest room, in bits, that it asks the packer for.

    Members:
        step: a step is made, at the end of the cycle; only while `ready`.
        coded: with it comes a plane (n > m: not in every step).
        turning: the next step is the turn: its plane is plane 0.
        second: it is the step after the turn that has a plane: plane 1.
        full: planes leave, of a block held. Until then nothing is pushed.
        opens: the plane 0 at the turn is one of a block.
        dbx, zero, repeats, sign_dbx, sign_zero: of planes of deltas, as `PlaneSubtractor` has them.
        base: the block's first word, from the turn until the next step.
        room: what `fits` says.
        ready: a step can be made.
        idle: nothing waits but what a turn pushes.
        data: bits for the packer, first bit first, zeros behind the last.
        length: how many of them count.
        push: they are to be pushed in this cycle.
    """

    push_bits: int
    queue_bits: int
    least_room: int

    def __init__(self, params: Params):
        self._params = params
        plane_bits = params.plane_bits
        super().__init__(
            {
                "step": In(1),
                "coded": In(1),
                "turning": In(1),
                "second": In(1),
                "full": In(1),
                "opens": In(1),
                "dbx": In(plane_bits),
                "zero": In(1),
                "repeats": In(1),
                "sign_dbx": In(plane_bits),
                "sign_zero": In(1),
                "base": In(params.word_bits),
                "room": In(1),
                "ready": Out(1),
                "idle": Out(1),
                "data": Out(self.push_bits),
                "length": Out(range(self.push_bits + 1)),
                "push": Out(1),
            }
        )

    def fits(self, packer: BitPacker) -> Value:
        """Whether `packer` has room for whatever is pushed next."""
        raise NotImplementedError

    def _top(self, value: Value) -> Value:
        """`value` as the first of the pushed bits."""
        return Cat(Const(0, self.push_bits - len(value)), value)
