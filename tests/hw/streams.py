"""Drive the stream ports of a core in Amaranth's simulator, with stalls on every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from amaranth.sim import SimulatorContext

__all__ = ["Beat", "sink", "source"]

Stall = Iterator[bool]


@dataclass
class Beat:
    """One beat as it was taken, and the cycle in which that was."""

    data: int
    last: bool
    cycle: int = 0
    keep: int | None = None
    user: bool = False


def source(stream, beats: Iterable[dict[str, int] | int], stall: Stall) -> Callable:
    """Testbench that offers `beats`, values or payload fields; a beat stays until it is taken."""

    async def testbench(ctx: SimulatorContext) -> None:
        for beat in beats:
            while next(stall):
                await ctx.tick()
            ctx.set(stream.payload, beat)
            ctx.set(stream.valid, 1)
            taken = False
            while not taken:
                *_, taken = await ctx.tick().sample(stream.ready)
            ctx.set(stream.valid, 0)

    return testbench


def sink(stream, taken: list[Beat], stall: Stall) -> Callable:
    """Testbench that takes beats and fails where one changes or vanishes before it was taken."""

    async def testbench(ctx: SimulatorContext) -> None:
        waiting = None
        cycle = 0
        while True:
            ready = not next(stall)
            ctx.set(stream.ready, ready)
            *_, valid, payload = await ctx.tick().sample(stream.valid, stream.payload)
            shown = payload.as_bits() if valid else None
            if waiting is not None:
                assert shown == waiting, f"the beat changed before it was taken, in cycle {cycle}"
            waiting = shown if valid and not ready else None
            if valid and ready:
                fields = payload.shape().members
                taken.append(
                    Beat(
                        data=payload.data,
                        last=bool(payload.last),
                        cycle=cycle,
                        keep=payload.keep if "keep" in fields else None,
                        user=bool(payload.user) if "user" in fields else False,
                    )
                )
            cycle += 1

    return testbench
