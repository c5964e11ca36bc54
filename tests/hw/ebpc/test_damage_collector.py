"""The damage collector: what is told stays, and the end of a packet is judged."""

import random

import pytest

from fmcodec_hw.ebpc.damage_collector import DamageCollector
from tests.hw.simulate import clocked

SEED = 65
# (begun, more, whole, seen, excess) when all words are out, and whether that is damage
ENDS = {
    "in the last word": ((1, 0, 0, 1, 0), False),
    "at the end of the word before": ((1, 0, 1, 1, 0), True),
    "the last beat has not come": ((1, 0, 0, 0, 0), True),
    "a beat is left": ((1, 1, 0, 0, 0), True),
    "a block too many": ((1, 0, 0, 1, 1), True),
    "a packet of zeros": ((0, 0, 1, 1, 0), False),
    "a packet of zeros with two words": ((0, 1, 1, 0, 0), True),
}


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("end", ENDS)
def test_packets_that_end(end, told):
    (begun, more, whole, seen, excess), wrong = ENDS[end]
    dut = DamageCollector()
    rng = random.Random(SEED)

    async def packet(ctx, told: bool, begun: int, at_end: tuple[int, ...], wrong: bool) -> None:
        signals = (dut.more, dut.whole, dut.seen, dut.excess)
        when = rng.randrange(10)
        for cycle in range(10):
            # before all words are out it means nothing that more is there
            for signal in signals:
                ctx.set(signal, rng.getrandbits(1))
            ctx.set(dut.begun, begun and cycle == 3)
            ctx.set(dut.told, told and cycle == when)
            assert ctx.get(dut.damaged) == (told and cycle >= when)
            await ctx.tick()
        ctx.set(dut.told, 0)
        ctx.set(dut.begun, 0)
        for signal, value in zip(signals, at_end, strict=True):
            ctx.set(signal, value)
        ctx.set(dut.over, 1)
        ctx.set(dut.clear, 1)
        assert ctx.get(dut.damaged) == (told or wrong)
        await ctx.tick()
        ctx.set(dut.over, 0)
        ctx.set(dut.clear, 0)
        assert not ctx.get(dut.damaged)

    async def body(ctx):
        for _ in range(5):
            await packet(ctx, told, begun, (more, whole, seen, excess), wrong)
            await packet(ctx, False, 0, (0, 1, 1, 0), False)  # of zeros: nothing is left behind

    clocked(dut, body, cycles=200, about=f"{end}, seed {SEED}")
