"""The register slice: two entries, one beat a cycle, nothing combinational from end to end."""

import random
from collections import deque

import pytest
from amaranth.hdl import Value
from amaranth.lib import stream

from fmcodec_hw import axis
from fmcodec_hw.register_slice import RegisterSlice
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked

SEED = 40
SIGNATURES = {
    "plain": stream.Signature(24),
    "words": axis.signature(8),
    "beats": axis.signature(16, keep_bits=2, user=True),
}


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("name", SIGNATURES)
def test_beats_pass_as_through_a_queue_of_two(name, stall):
    rng = random.Random(SEED)
    dut = RegisterSlice(SIGNATURES[name])
    offers, takes = stalls(stall, rng), stalls(stall, rng)
    given, shown = Value.cast(dut.input.payload), Value.cast(dut.output.payload)
    beats = [rng.getrandbits(len(given)) for _ in range(300)]

    async def body(ctx):
        held: deque[int] = deque()
        waiting, taken = deque(beats), []
        offered = False
        while len(taken) < len(beats):
            # a beat that is offered stays until it is taken
            offered = bool(waiting) and (offered or not next(offers))
            ready = not next(takes)
            before = ctx.get(dut.input.ready), ctx.get(dut.output.valid)
            ctx.set(dut.input.valid, offered)
            ctx.set(given, waiting[0] if offered else rng.getrandbits(len(given)))
            ctx.set(dut.output.ready, ready)
            # neither end follows the other within the cycle
            assert before == (ctx.get(dut.input.ready), ctx.get(dut.output.valid))
            assert before == (len(held) < 2, len(held) > 0)
            if held:
                assert ctx.get(shown) == held[0]
            enters = offered and len(held) < 2
            if held and ready:
                taken.append(held.popleft())
            if enters:
                held.append(waiting.popleft())
                offered = False
            await ctx.tick()
        assert taken == beats

    clocked(dut, body, cycles=20_000, about=f"{name}, stalls {stall}, seed {SEED}")


def test_one_beat_per_cycle_and_one_cycle_of_latency():
    dut = RegisterSlice(axis.signature(8))

    async def body(ctx):
        ctx.set(dut.input.valid, 1)
        ctx.set(dut.output.ready, 1)
        for cycle in range(50):
            ctx.set(dut.input.payload.data, cycle)
            assert ctx.get(dut.input.ready)
            assert ctx.get(dut.output.valid) == (cycle > 0)
            if cycle:
                assert ctx.get(dut.output.payload.data) == cycle - 1
            await ctx.tick()

    clocked(dut, body, cycles=100, about="no stalls")
