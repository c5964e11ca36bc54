"""Print the cycle table of doc/architecture-rice.md, one packet going through the encoder.

Simulates the encoder's components and reads their ports: `python doc/rice_trace.py`.
"""

import warnings

from amaranth.hdl import UnusedElaboratable
from amaranth.sim import Simulator

from fmcodec.rice import Params
from fmcodec_hw.rice import Encoder

# values, a run, a word behind it, a jump that escapes
WORDS = [5, 6, 7, 9, 0, 0, 0, 3, 4, 120, 118, 0]
PARAMS = Params(word_bits=8, signed=False, delta=True, port_words=2)
FLAGS = PARAMS.signed | PARAMS.delta << 1 | PARAMS.sign_last << 2

# only what the encoder is made of is simulated
warnings.simplefilter("ignore", UnusedElaboratable)


def rows(cycles: int):
    """What enters, moves and leaves in every cycle, the sink always ready."""
    encoder = Encoder(PARAMS)
    module = encoder.elaborate(None)
    part = module.submodules
    simulator = Simulator(module)
    simulator.add_clock(1e-6)
    table = []

    async def trace(ctx):
        ctx.set(encoder.code.ready, 1)
        queue = list(enumerate(WORDS))
        for cycle in range(cycles):
            if queue:
                i, word = queue[0]
                beat = {"data": word, "last": i == len(WORDS) - 1, "user": FLAGS}
                ctx.set(encoder.words.payload, beat)
            ctx.set(encoder.words.valid, bool(queue))
            taken = ctx.get(encoder.words.valid & encoder.words.ready)
            state = part.adaptation
            packer = part.packer
            push, length = ctx.get(packer.push), ctx.get(packer.length)
            ones, stop = ctx.get(packer.ones), ctx.get(packer.stop)
            bits = "1" * (ones - stop) + "0" * stop
            bits += f"{ctx.get(packer.data):0{packer.push_bits}b}"[:length]
            beat = (
                f"{ctx.get(encoder.code.payload.data):04x}" if ctx.get(encoder.code.valid) else ""
            )
            table.append(
                (
                    str(cycle),
                    str(queue.pop(0)[1]) if taken else "",
                    str(ctx.get(part.fold.folded)) if taken else "",
                    *(str(ctx.get(value)) for value in (state.k, state.slot, state.run_bits)),
                    bits if push else "",
                    str(ctx.get(packer.count)),
                    beat,
                )
            )
            await ctx.tick()

    simulator.add_testbench(trace)
    simulator.run()
    return table


if __name__ == "__main__":
    heads = ("cycle", "word", "folded", "k", "z", "kr", "pushed", "queued", "beat")
    lines = [heads, tuple("---" for _ in heads), *rows(18)]
    print("\n".join(f"| {' | '.join(line)} |" for line in lines))
