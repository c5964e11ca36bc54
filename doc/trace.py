"""Print the cycle table of doc/architecture.md, one block going through the encoder.

Simulates the encoder's components and reads their ports: `python doc/trace.py`.
"""

import warnings

from amaranth.hdl import UnusedElaboratable
from amaranth.sim import Simulator

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc import Encoder

# the block of doc/format.md's first example, a zero, and a block of other data behind it
WORDS = [5, 6, 7, 8, 9, 10, 11, 12, 0, 3, -3, 100, 7, 7, 7, -128, 127]
PARAMS = Params()

# only what the encoder is made of is simulated
warnings.simplefilter("ignore", UnusedElaboratable)


def rows(cycles: int):
    """What enters, moves and leaves in every cycle, sinks always ready."""
    encoder = Encoder(PARAMS)
    module = encoder.elaborate(None)
    part = module.submodules
    simulator = Simulator(module)
    simulator.add_clock(1e-6)
    table = []
    held = False  # a whole block is held: planes leave

    async def trace(ctx):
        nonlocal held
        ctx.set(encoder.bpc.ready, 1)
        ctx.set(encoder.znz.ready, 1)
        queue = list(enumerate(WORDS))
        for cycle in range(cycles):
            if queue:
                i, word = queue[0]
                ctx.set(encoder.words.payload, {"data": word, "last": i == len(WORDS) - 1})
            ctx.set(encoder.words.valid, bool(queue))
            taken = ctx.get(encoder.words.valid & encoder.words.ready)
            step, turn = ctx.get(part.corner_turn.step), ctx.get(part.subtractor.first)
            held |= bool(step and turn)
            plane = ctx.get(part.corner_turn.plane)
            if turn:  # the last word's bit enters in this cycle
                plane |= ctx.get(part.subtractor.enters) << PARAMS.block_words - 1
            dbx = ctx.get(part.subtractor.dbx)
            push, length = ctx.get(part.packer.push), ctx.get(part.packer.length)
            bits = f"{ctx.get(part.packer.data):0{part.packer.push_bits}b}"[:length]
            beat = f"{ctx.get(encoder.bpc.payload.data):02x}" if ctx.get(encoder.bpc.valid) else ""
            table.append(
                (
                    str(cycle),
                    str(queue.pop(0)[1]) if taken else "",
                    ("turn" if turn else "step") if step else "",
                    f"{plane:08b}"[::-1] if step and held else "",
                    f"{dbx:07b}"[::-1] if step and held else "",
                    bits if push else "",
                    str(ctx.get(part.packer.count)),
                    beat,
                )
            )
            await ctx.tick()

    simulator.add_testbench(trace)
    simulator.run()
    return table


if __name__ == "__main__":
    heads = ("cycle", "word", "step", "plane of words", "dbx", "pushed", "queued", "BPC beat")
    lines = [heads, tuple("---" for _ in heads), *rows(30)]
    print("\n".join(f"| {' | '.join(line)} |" for line in lines))
