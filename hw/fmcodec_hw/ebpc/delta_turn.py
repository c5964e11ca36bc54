"""Corner turn of the decoder: bit planes go in, deltas come out, and the storage is held once."""

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.skew import DelayLine, Steps, TwinLine, one_by_one, skew_and_rotate

__all__ = ["DeltaTurn"]


class DeltaTurn(wiring.Component):
    """Turn m planes of n-1 lanes into n-1 deltas of m bits while the next block's planes come in.

    The encoder's corner turn the other way round, `skew_and_rotate` again: a plane enters and a
    delta leaves in every step. The lane of a block's first word, which has no delta, is empty.
    Where m < n the lanes of later words wait in first-in first-out order and enter in the steps
    that have no plane; where m > n the lower bits of the deltas wait for the upper ones.

    Members:
        step: one step is made at this edge.
        index: which of the block: plane k enters in step k < m.
        plane: lane i in bit i.
        before: the plane that entered last.
        delta: delta i-1 in step m-1+i, counted from the block's first one.
    Holds m*(n-1) bits. Nothing needs a reset.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "step": In(1),
                "index": In(range(max(params.word_bits, params.block_words))),
                "plane": In(params.plane_bits),
                "before": Out(params.plane_bits),
                "delta": Out(params.word_bits),
            }
        )

    def elaborate(self, platform):
        # The encoder's corner turn with planes for words: delta i-1 is the bits of lane i, plane 0
        # first, and is whole when the last plane has come. Lane 0 is empty
        word_bits, block_words = self._params.word_bits, self._params.block_words
        m = Module()
        side = min(word_bits, block_words)
        lanes = Cat(Const(0, 1), self.plane)
        steps = Steps(m, self.step, self.index)
        has_plane = self.index < word_bits
        entering, later = one_by_one(m, "later", lanes, side, has_plane, steps)
        skewed, bits = skew_and_rotate(m, entering, self.index, steps)
        before = [line.tap(1) for line in (*skewed[1:], *later)]
        chunks = [
            [TwinLine(m, f"bit_{k}", bit, side - 1 - k, steps).out for k, bit in enumerate(bits)]
        ]
        # Lower bits need not wait in the step of the empty lane
        wait = self.step & ~self.index[: (side - 1).bit_length()].all()
        for chunk in range(word_bits - side, 0, -side):
            lines = [
                DelayLine(m, f"lower_{chunk + k}", bit, side - 1, wait)
                for k, bit in enumerate(chunks[0])
            ]
            chunks.insert(0, [line.out for line in lines])
        m.d.comb += [self.delta.eq(Cat(*chunks)), self.before.eq(Cat(before))]
        return m
