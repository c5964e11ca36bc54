"""The CRC register against zlib's, for every step and width."""

import random
import zlib

import pytest

from fmcodec_hw.fmtc.crc32 import Crc32
from tests.hw.simulate import clocked

SEED = 91
WIDTHS = [(1, None), (4, None), (8, None), (16, None), (32, None), (16, 32), (8, 32)]


@pytest.mark.parametrize(("step_bits", "data_bits"), WIDTHS)
def test_words(step_bits, data_bits):
    rng = random.Random(SEED)
    dut = Crc32(step_bits, data_bits)
    steps = 32 // step_bits

    async def feed(ctx, word: int, compare: bool = False) -> bool:
        matches = True
        ctx.set(dut.compare, compare)
        for step in range(steps):
            while rng.random() < 0.2:
                ctx.set(dut.step, 0)
                await ctx.tick()
            whole = dut.data_bits == 32 and not compare
            shown = (0 if step else word) if whole else word >> step * step_bits
            width = step_bits if compare else dut.data_bits
            ctx.set(dut.data, shown & (1 << width) - 1)
            ctx.set(dut.step, 1)
            matches &= bool(ctx.get(dut.matches))
            await ctx.tick()
        ctx.set(dut.step, 0)
        return matches

    async def body(ctx):
        for _ in range(30):
            words = [rng.getrandbits(32) for _ in range(rng.randint(1, 6))]
            for word in words:
                await feed(ctx, word)
            expected = zlib.crc32(b"".join(word.to_bytes(4, "little") for word in words))
            assert ctx.get(dut.value) == expected
            wrong = rng.random() < 0.5 and 1 << rng.randrange(32)
            assert await feed(ctx, expected ^ wrong, compare=True) == (not wrong)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)

    clocked(dut, body, cycles=50_000, about=f"{step_bits}, {data_bits}, seed {SEED}")


def test_sizes_that_cannot_be():
    with pytest.raises(ValueError, match=r"^step_bits must be a divisor of 32, not 5$"):
        Crc32(5)
    with pytest.raises(ValueError, match=r"^data_bits must be in 16\.\.32, not 8$"):
        Crc32(16, 8)
