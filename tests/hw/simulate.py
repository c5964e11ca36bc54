"""Run a component in Amaranth's simulator: with a clock and a limit of cycles, or without."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import pytest
from amaranth.sim import Simulator, SimulatorContext

__all__ = ["clocked", "combinational"]

Body = Callable[[SimulatorContext], Awaitable[None]]


def combinational(dut, body: Body) -> None:
    """Run `body` without a clock; what it sets takes effect at once."""
    simulator = Simulator(dut)
    simulator.add_testbench(body)
    simulator.run()


def clocked(dut, body: Body, *, ports: Iterable[Body] = (), cycles: int, about: str) -> None:
    """Run `body`, beside testbenches that drive `ports`, until it is done.

    `ports` see a cycle before `body` does. The test fails when `body` takes more than `cycles`
    cycles, with `about`: what is simulated, and the seed.
    """
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for port in ports:
        simulator.add_testbench(port, background=True)
    simulator.add_testbench(body)

    async def limit(ctx: SimulatorContext) -> None:
        for _ in range(cycles):
            await ctx.tick()
        pytest.fail(f"no end after {cycles} cycles: {about}")

    simulator.add_testbench(limit, background=True)
    print(about)
    simulator.run()
