"""Coefficients of Rice codes, group by group, against the readable reference."""

import random

import numpy as np
import pytest

from fmcodec.fmtc import Params, reference
from fmcodec.fmtc.tile import Tile
from fmcodec_hw.fmtc.code_window import CODE_BITS
from fmcodec_hw.fmtc.rice_reader import RiceReader
from tests.hw.fmtc import contexts
from tests.hw.simulate import clocked

SEED = 34


def wild(rng: random.Random, count: int) -> list[int]:
    """Words of noise, of short codes, or of long unary parts, which large parameters come from."""
    match rng.randrange(3):
        case 0:
            return [rng.getrandbits(32) for _ in range(4 * count)]
        case 1:
            return [rng.getrandbits(32) & rng.getrandbits(32) for _ in range(count)]
    ones = [rng.choice([8, 7, 5, rng.randint(0, 8)]) for _ in range(8 * count)]
    text = "".join("1" * n + "0" * (n < 8) + f"{rng.getrandbits(8):08b}" for n in ones)
    text = "1" * 80 + text + "0" * (-len(text) % 32 + 16)
    return [int(text[i : i + 32], 2) for i in range(0, len(text), 32)]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("tables", [1, 3, 8])
def test_any_payload(tables, raw):
    """Codes of the encoder and noise alike: levels, lengths, and what is bad about them."""
    rng = random.Random(SEED)
    params = Params(8, "none", "rice", tables=tables)
    dut = RiceReader(tables)

    async def body(ctx):
        for _ in range(25):
            context = contexts.draw(rng, params, "decoder")
            count = rng.randint(1, 12)
            words = wild(rng, count)
            payload = np.array(words, np.uint32)
            found = reference.unpack(context, Tile(count, raw, 0, payload, 0, 0, True), count)
            bits = "".join(f"{word:032b}" for word in words) + "0" * 8 * 16 * count
            position, bad = 0, False
            ctx.set(dut.raw, raw)
            ctx.set(dut.zero_point, context.zero_point)
            ctx.set(dut.q_max, context.q_max)
            ctx.set(dut.step, 1)
            for index, level in enumerate(found.levels.ravel().tolist()):
                ctx.set(dut.head, int(bits[position : position + CODE_BITS], 2))
                ctx.set(dut.group, int(context.group_of[index % context.components]))
                position += ctx.get(dut.length)
                await ctx.tick()
                assert ctx.get(dut.level) == level
                bad |= bool(ctx.get(dut.bad))
            ctx.set(dut.step, 0)
            assert position == found.end
            assert bad == (found.bad_symbol >= 0)
            assert ctx.get(dut.unfinished) == (found.bad_run >= 0)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)

    clocked(dut, body, cycles=20_000, about=f"{tables} groups, raw {raw}, seed {SEED}")
