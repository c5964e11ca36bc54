"""Registers between two ends of a stream: cuts every combinational path, at full rate."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RegisterSlice"]


class RegisterSlice(wiring.Component):
    """Hand on the beats of a stream a cycle later, with a register at every wire of both ends.

    Latency: one cycle. Throughput: one beat per cycle. Held: two beats, for the sender learns of a
    pause a cycle late: the beat that comes in that cycle has to have a place. `output.valid`, its
    payload and `input.ready` come from registers; nothing combinational leads through. Reset
    empties it and leaves `input.ready` high.

    Parameters:
        signature: of the stream, any payload.

    Members:
        input: the beats.
        output: the same beats; what it shows is held until it is taken.
    """

    def __init__(self, signature: stream.Signature):
        self._shape = signature.members["payload"].shape
        super().__init__({"input": In(signature), "output": Out(signature)})

    def elaborate(self, platform):
        # Two entries in a row. Beats go to the `head`; the `spare` takes the one that arrives while
        # the head cannot move, and is the next head. The input is ready while the spare is empty,
        # whatever happens at the output
        m = Module()
        head, spare = (
            Signal(self._shape, name=name, reset_less=True) for name in ("head", "spare")
        )
        head_valid, spare_valid = Signal(), Signal()
        moves = Signal()
        m.d.comb += [
            moves.eq(self.output.ready | ~head_valid),
            self.output.valid.eq(head_valid),
            self.output.payload.eq(head),
            self.input.ready.eq(~spare_valid),
        ]
        with m.If(moves):
            m.d.sync += [
                head.eq(Mux(spare_valid, spare, self.input.payload)),
                head_valid.eq(spare_valid | self.input.valid),
                spare_valid.eq(0),
            ]
        with m.Elif(~spare_valid):
            m.d.sync += spare_valid.eq(self.input.valid)
        # what no beat comes with is never shown: the spare may follow the input until it is full
        with m.If(~spare_valid):
            m.d.sync += spare.eq(self.input.payload)
        return m
