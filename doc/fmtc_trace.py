"""Print the cycle table of doc/architecture-fmtc.md, one block going through the encoder.

Simulates the encoder with Rice codes and the DCT: `python doc/fmtc_trace.py`.
"""

import warnings

import numpy as np
from amaranth.hdl import UnusedElaboratable
from amaranth.sim import Simulator

from fmcodec.fmtc import Params, calibrate, codec
from fmcodec_hw.fmtc.encoder import Encoder

PARAMS = Params(16, "dct4", "rice", tables=2)
BLOCK = [-20, -15, -10, -5, -11, -6, -1, 4, -2, 3, 8, 13, 7, 12, 17, 22]

# only what the encoder is made of is simulated
warnings.simplefilter("ignore", UnusedElaboratable)


def layer():
    """A context for blocks like this one."""
    rng = np.random.default_rng(1)
    slope = np.add.outer(np.arange(4), np.arange(4)).ravel()
    samples = rng.normal(0, 8, (256, 1)) + rng.normal(0, 6, (256, 1)) * slope
    blocks = np.clip(np.rint(samples + rng.normal(0, 3, (256, 16))), -128, 127)
    return calibrate(blocks.astype(np.int8), PARAMS, variant="dct4", step=6.0)


def shown(ctx, stream, value) -> str:
    """What a stream hands on in this cycle."""
    return str(value) if ctx.get(stream.valid & stream.ready) else ""


def rows():
    """What enters and leaves in every cycle of the tile, the sink always ready."""
    context = layer().encoder
    encoder = Encoder(PARAMS)
    module = encoder.elaborate(None)
    part = module.submodules
    simulator = Simulator(module)
    simulator.add_clock(1e-6)
    table, words = [], []

    async def trace(ctx):
        ctx.set(encoder.code.ready, 1)
        for i, word in enumerate(sent := context.to_words().tolist()):
            ctx.set(encoder.ctx.payload, {"data": word, "last": i == len(sent) - 1})
            ctx.set(encoder.ctx.valid, 1)
            while not ctx.get(encoder.ctx.ready):
                await ctx.tick()
            await ctx.tick()
        ctx.set(encoder.ctx.valid, 0)
        await ctx.tick()
        ctx.set(encoder.tile.payload, context.tag)
        ctx.set(encoder.tile.valid, 1)
        queue = list(enumerate(BLOCK))
        while len(words) < 2 or not words[-1][1]:
            ctx.set(encoder.values.valid, bool(queue))
            if queue:
                i, value = queue[0]
                ctx.set(encoder.values.payload, {"data": value & 0xFF, "last": i == 15})
            header = ctx.get(encoder.tile.ready)
            taken = ctx.get(encoder.values.valid & encoder.values.ready)
            beat = ctx.get(encoder.code.valid)
            word = ctx.get(encoder.code.payload.data)
            if beat:
                words.append((word, ctx.get(encoder.code.payload.last)))
            size = ctx.get(part.quantiser.magnitude)
            level = -size if ctx.get(part.quantiser.negative) else size
            code = part.coder.code
            bits = f"{ctx.get(code.payload.bits):0{len(code.payload.bits)}b}"
            coefficient = part.dct4.coefficient
            table.append(
                (
                    str(len(table)),
                    str(queue.pop(0)[1]) if taken else "",
                    shown(ctx, coefficient, ctx.get(coefficient.payload.value)),
                    shown(ctx, part.coder.symbol, level),
                    shown(ctx, code, bits[: ctx.get(code.payload.length)]),
                    f"{word:08x}" if beat else "",
                )
            )
            await ctx.tick()
            if header:
                ctx.set(encoder.tile.valid, 0)

    simulator.add_testbench(trace)
    simulator.run()
    golden = codec.encode(context, np.array([BLOCK], np.int8), 1, False)
    assert [word for word, _ in words] == golden[0].tolist()
    return table


if __name__ == "__main__":
    heads = ("cycle", "value", "W", "level d", "code", "word")
    lines = [heads, tuple("---" for _ in heads), *rows()]
    print("\n".join(f"| {' | '.join(line)} |" for line in lines))
