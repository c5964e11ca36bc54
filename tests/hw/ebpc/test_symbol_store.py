"""Both stores of symbols: planes of blocks in, the blocks' code out, whatever room there is."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.ebpc.symbol_queue import SymbolQueue
from fmcodec_hw.ebpc.symbol_register import SymbolRegister
from sim.stalls import STALLS, stalls
from tests.hw.ebpc.blocks import block, planes, symbols
from tests.hw.simulate import clocked

SEED = 56
STORES = {"register": SymbolRegister, "queue": SymbolQueue}
CONFIGS = [(8, 8), (16, 16), (16, 8), (8, 16), (8, 4)]


def drive(params: Params, dut, blocks, stall: str):
    """What the sequence and the subtractor do around a store; the bits that it pushes."""
    rng = random.Random(SEED)
    pauses, full_packer = stalls(stall, rng), stalls(stall, rng)
    word_bits, block_words = params.word_bits, params.block_words
    steps = max(word_bits, block_words)
    pushed: list[str] = []

    async def tick(ctx) -> None:
        if ctx.get(dut.push):
            bits = f"{ctx.get(dut.data):0{dut.push_bits}b}"
            pushed.append(bits[: ctx.get(dut.length)])
            assert "1" not in bits[ctx.get(dut.length) :], "what does not count must be zero"
        await ctx.tick()
        # a packer with room keeps it until something is pushed
        ctx.set(dut.room, not next(full_packer))

    async def make_step(ctx) -> None:
        while next(pauses) or not ctx.get(dut.ready):
            await tick(ctx)
        ctx.set(dut.step, 1)
        await tick(ctx)
        ctx.set(dut.step, 0)

    async def body(ctx):
        before = sign_dbx = 0
        sign_zero = False
        ctx.set(dut.room, 1)
        for number, words in enumerate([*blocks, None]):
            code = planes(params, words) if words else [0] * params.planes
            # from the turn, in which plane 0 leaves, to the step before the next one
            for k in range(steps if words else 1):
                has_plane = k < word_bits
                ctx.set(dut.turning, k == 0)
                ctx.set(dut.second, k == 1)
                ctx.set(dut.coded, has_plane)
                ctx.set(dut.full, number > 0 or k > 0)
                ctx.set(dut.opens, words is not None)
                ctx.set(dut.sign_dbx, sign_dbx if k == 0 else rng.getrandbits(params.plane_bits))
                ctx.set(dut.sign_zero, sign_zero if k == 0 else rng.getrandbits(1))
                if has_plane:
                    dbx = code[k] ^ before if k else code[k]
                    ctx.set(dut.dbx, dbx)
                    ctx.set(dut.zero, code[k] == 0)
                    ctx.set(dut.repeats, dbx == 0 and k > 0)
                await make_step(ctx)
                if has_plane:
                    before = code[k]
                if k == 0 and words:
                    ctx.set(dut.base, words[0] & 2**word_bits - 1)
            sign_dbx, sign_zero = code[-1] ^ code[-2], code[-1] == 0
        ctx.set(dut.turning, 0)
        while not ctx.get(dut.idle):
            await tick(ctx)
        for _ in range(10):
            await tick(ctx)  # nothing is left that could be pushed

    return body, pushed


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("store", STORES)
def test_planes_become_the_code_of_blocks(store, config, stall):
    params = Params(*config)
    rng = random.Random(SEED)
    blocks = [block(params, rng) for _ in range(30)]
    dut = STORES[store](params)
    body, pushed = drive(params, dut, blocks, stall)
    clocked(dut, body, cycles=50_000, about=f"{store}, {params}, stalls {stall}, seed {SEED}")
    expected = [symbol for words in blocks for symbol in symbols(params, words)]
    assert "".join(pushed) == "".join(expected)
    most = {"queue": 1, "register": 2}[store]
    assert max(map(len, pushed)) <= dut.push_bits
    assert len(pushed) * most >= len(expected)


@pytest.mark.parametrize("port_words", [1, 2])
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("store", STORES)
def test_a_packer_of_its_size_takes_all_that_is_asked_for(store, config, port_words):
    params = Params(*config, port_words=port_words)
    dut = STORES[store](params)
    packer = BitPacker(
        params.word_bits,
        dut.push_bits,
        capacity=dut.queue_bits,
        least_room=dut.least_room,
        port_words=port_words,
    )
    # raises where a push would wait for ever for room
    assert len(dut.fits(packer)) == 1
    with pytest.raises(ValueError, match=r"^bits must be at most capacity - \d+, not \d+$"):
        packer.room(dut.queue_bits + 1)
