"""Both plane readers: the code of blocks in, planes and bases out, whatever the window shows."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.plane_reader import CompactPlaneReader, PairPlaneReader
from sim.stalls import STALLS, stalls
from tests.hw.ebpc.blocks import block, planes, run_symbol, symbols
from tests.hw.simulate import clocked

SEED = 57
READERS = {"pair": PairPlaneReader, "compact": CompactPlaneReader}


class Driver:
    """What the window and the sequence do around a reader."""

    def __init__(self, params: Params, reader: str, bits: str, stall: str):
        self.params, self.bits, self.position = params, bits, 0
        self.dut = READERS[reader](params)
        self.rng = rng = random.Random(SEED)
        self.pauses, self.hides = stalls(stall, rng), stalls(stall, rng)
        self.damaged = False

    def show(self, ctx) -> None:
        """The window's next bits, as many as a step or as a symbol can take, or none."""
        step_bits, symbol_bits = self.dut.step_bits, self.dut.symbol_bits
        shown = self.rng.choice([0, symbol_bits]) if next(self.hides) else step_bits
        head = self.bits[self.position :][:shown].ljust(shown, "0")
        noise = f"{self.rng.getrandbits(step_bits):0{step_bits}b}"
        ctx.set(self.dut.head, int(head + noise[shown:], 2))
        ctx.set(self.dut.shows_symbol, shown >= symbol_bits)
        ctx.set(self.dut.shows_most, shown == step_bits)
        ctx.set(self.dut.ended, self.position >= len(self.bits))

    async def tick(self, ctx) -> None:
        dut = self.dut
        if ctx.get(dut.takes):
            self.position += dut.lengths[ctx.get(dut.code)]
            self.position += dut.lengths[ctx.get(dut.second)] * ctx.get(dut.two)
            self.position += self.params.word_bits * ctx.get(dut.skip)
        self.damaged |= bool(ctx.get(dut.damaged))
        await ctx.tick()
        self.show(ctx)

    async def read_block(self, ctx) -> tuple[list[int], int]:
        """The planes of a block but the sign plane, and its base."""
        word_bits, dut = self.params.word_bits, self.dut
        steps = max(word_bits, self.params.block_words)
        found, base = [], 0
        for k in range(steps):
            ctx.set(dut.first, k == 0)
            ctx.set(dut.last_plane, k == word_bits - 1)
            ctx.set(dut.ends, k == steps - 1)
            ctx.set(dut.reads, k < word_bits)
            ctx.set(dut.before, found[-1] if 0 < k <= word_bits else 0)
            self.show(ctx)
            while (
                next(self.pauses)
                or ctx.get(dut.waits)
                or (k < word_bits and not ctx.get(dut.there))
            ):
                await self.tick(ctx)
            if k < word_bits:
                found.append(ctx.get(dut.plane))
            if k == word_bits - 1:
                base = ctx.get(dut.base)
            ctx.set(dut.step, 1)
            await self.tick(ctx)
            ctx.set(dut.step, 0)
        ctx.set(dut.first, 1)
        ctx.set(dut.ends, 0)
        ctx.set(dut.last_plane, 0)
        return found, base


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("config", [(8, 8), (16, 16), (16, 8), (8, 16), (8, 4)])
@pytest.mark.parametrize("reader", READERS)
def test_code_becomes_planes(reader, config, stall):
    params = Params(*config)
    rng = random.Random(SEED)
    sent = [block(params, rng) for _ in range(30)]
    bits = "".join(symbol for words in sent for symbol in symbols(params, words))
    driver = Driver(params, reader, bits, stall)

    async def body(ctx):
        for words in sent:
            found, base = await driver.read_block(ctx)
            assert found == planes(params, words)[:-1]
            assert base == words[0] & 2**params.word_bits - 1
        while ctx.get(driver.dut.needs_sign):
            await driver.tick(ctx)
        assert driver.position == len(bits)
        assert ctx.get(driver.dut.needs_base)

    about = f"{reader}, {params}, stalls {stall}, seed {SEED}"
    clocked(driver.dut, body, cycles=50_000, about=about)
    assert not driver.damaged


def bad_blocks(params: Params) -> dict[str, list[str]]:
    """Blocks with one symbol that no encoder writes, at their beginning, inside, at their end."""
    m, n = params.word_bits, params.block_words
    base, raw = "1" * m, "1" + "01" * n
    raw = raw[:n]
    one = f"{params.plane_bits:0{params.position_bits}b}"
    two = f"{params.plane_bits - 1:0{params.position_bits}b}"
    rest = [raw] * m
    return {
        "single at plane 0": [base, f"00011{one}", *rest],
        "single inside": [base, raw, f"00011{one}", *rest[1:]],
        "pair at the sign plane": [base, *rest, f"00010{two}"],
        "pair at the last plane": [base, *rest[1:], f"00010{one}", raw],
        "run from the beginning": [base, raw, run_symbol(params, m + 1)],
        "run of two at the sign plane": [base, *rest, run_symbol(params, 2)],
        "run past the last plane": [base, *rest[1:], run_symbol(params, 3)],
    }


@pytest.mark.parametrize("stall", ["none", "geometric"])
@pytest.mark.parametrize("kind", bad_blocks(Params()))
@pytest.mark.parametrize("config", [(8, 8), (16, 8), (8, 16)])
@pytest.mark.parametrize("reader", READERS)
def test_a_symbol_that_cannot_be_is_damage(reader, config, kind, stall):
    params = Params(*config)
    good = symbols(params, block(params, random.Random(SEED)))
    bits = "".join([*good, *bad_blocks(params)[kind]])
    driver = Driver(params, reader, bits, stall)

    async def body(ctx):
        await driver.read_block(ctx)
        while ctx.get(driver.dut.needs_sign):
            await driver.tick(ctx)
        assert not driver.damaged
        await driver.read_block(ctx)
        while ctx.get(driver.dut.needs_sign):
            await driver.tick(ctx)
        assert driver.damaged

    about = f"{reader}, {params}, {kind}, stalls {stall}, seed {SEED}"
    clocked(driver.dut, body, cycles=5000, about=about)


@pytest.mark.parametrize("reader", READERS)
def test_a_packet_given_up_leaves_nothing_behind(reader):
    params = Params()
    rng = random.Random(SEED)
    words = block(params, rng)
    # a run that goes on when the packet is forgotten
    bits = "".join(["00000001", "01", run_symbol(params, 8)])
    driver = Driver(params, reader, bits, "none")
    dut = driver.dut

    async def body(ctx):
        ctx.set(dut.first, 1)
        ctx.set(dut.reads, 1)
        driver.show(ctx)
        for _ in range(4):
            ctx.set(dut.step, not ctx.get(dut.waits) and ctx.get(dut.there))
            step = ctx.get(dut.step)
            await driver.tick(ctx)
            if step:
                ctx.set(dut.first, 0)
        ctx.set(dut.step, 0)
        ctx.set(dut.clear, 1)
        await driver.tick(ctx)
        ctx.set(dut.clear, 0)
        driver.bits, driver.position = "".join(symbols(params, words)), 0
        found, base = await driver.read_block(ctx)
        assert found == planes(params, words)[:-1]
        assert base == words[0] & 0xFF

    clocked(dut, body, cycles=200, about=f"{reader}, seed {SEED}")
