"""What the cocotb benches share: clock and reset, the cores' AXI4-Stream ports, pauses, limits."""

from __future__ import annotations

import logging
import random
from collections.abc import Coroutine
from typing import Any, TypeVar

import numpy as np
from amaranth.lib.wiring import In
from cocotb.clock import Clock
from cocotb.simtime import convert
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, Timer, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from fmcodec_hw import catalog
from sim.record import Run
from sim.stalls import stalls

__all__ = ["PERIOD", "Bench"]

PERIOD = 10  # ns

T = TypeVar("T")


class Bench:
    """The cores under test, with a source or a sink at every AXI4-Stream port of theirs.

    Packets that are sent follow one another without an idle cycle but those of the stalls.

    Attributes:
        ports: source or sink by `<core>_<prefix>`, e.g. "encoder_s_axis".
        widths: bits of their tdata.
        rng: the test's own numpy generator.
        ended: time in ns at which the last packet received ended.
    """

    def __init__(self, dut: Any, run: Run) -> None:
        self.dut, self.run = dut, run
        # numpy's generator is not reseeded by cocotb, Python's is
        self.rng = np.random.default_rng(random.getrandbits(64))
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.WARNING)
        self.ports: dict[str, Any] = {}
        self.widths: dict[str, int] = {}
        for core, top in catalog.tops(run.config).items():
            for prefix, flow in top.streams.items():
                kind = AxiStreamSource if flow == In else AxiStreamSink
                bus = AxiStreamBus.from_prefix(dut, f"{core}_{prefix}")
                self.ports[f"{core}_{prefix}"] = kind(bus, dut.clk, dut.rst)
                self.widths[f"{core}_{prefix}"] = len(bus.tdata)
        self._started: list[int] = []  # times in ns at which packets began to be sent
        self.ended = 0

    async def up(self, stall: str = "none") -> None:
        """Start the clock, come out of reset, and let the ports rest as `stall` says."""
        # a register behind a gated clock sees an asynchronous reset by its edge alone
        self.dut.rst.value = 0
        await Timer(1, "ns")
        Clock(self.dut.clk, PERIOD, unit="ns").start()
        await self.reset()
        if stall != "none":
            for port in self.ports.values():
                port.set_pause_generator(stalls(stall, random.Random(random.getrandbits(64))))

    async def reset(self, cycles: int = 2) -> None:
        """Hold reset; whatever the ports hold is lost."""
        self.dut.rst.value = 1
        for _ in range(cycles):
            await RisingEdge(self.dut.clk)
        for port in self.ports.values():
            port.clear()
        self.dut.rst.value = 0
        await RisingEdge(self.dut.clk)

    async def within(self, words: int, task: Coroutine[Any, Any, T]) -> T:
        """`task`'s result; fails when it takes more cycles than `words` words ever should."""
        limit = 64 * words + 4000
        try:
            return await with_timeout(task, limit * PERIOD, "ns")
        except SimTimeoutError:
            raise AssertionError(f"no end after {limit} cycles for {words} words") from None

    async def finish(self) -> None:
        """Nothing may be left over, and no port may have broken AXI4-Stream's rules."""
        await ClockCycles(self.dut.clk, 8)
        for name, port in self.ports.items():
            if isinstance(port, AxiStreamSink):
                assert port.empty(), f"a packet that nobody sent at {name}"
                assert not port.active, f"a packet began that nobody sent at {name}"
        violations = int(self.dut.violations.value)
        assert violations == 0, f"{violations} violations of AXI4-Stream, see the log"

    async def send(self, port: str, data: bytes, *, user: int = 0, timed: bool = False) -> None:
        """Queue a packet at an input port, `user` with every beat where it has a tuser.

        timed: `cycles` counts from its first beat.
        """
        done = (lambda frame: self._started.append(frame.sim_time_start)) if timed else None
        await self.ports[port].send(AxiStreamFrame(data, tuser=user, tx_complete=done))

    async def receive(self, port: str) -> AxiStreamFrame:
        """The next packet of an output port, its sideband beat by beat."""
        return await self.ports[port].recv(compact=False)

    def cycles(self) -> int:
        """Cycles from the first beat of the last packet sent to the end of the last received."""
        return round(convert(self.ended - self._started[-1], "step", to="ns")) // PERIOD
