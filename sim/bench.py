"""What the benches share: clock and reset, the cores' AXI4-Stream ports, pauses, limits."""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import numpy as np
from cocotb.clock import Clock
from cocotb.simtime import convert
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from configs import CONFIGS, LENGTH_BITS, Run
from fmcodec.ebpc.stream import Encoded
from fmcodec_hw.ebpc.core import block_cycles

__all__ = ["CONFIG", "PARAMS", "RUN", "STALLS", "Bench", "max_cycles"]

RUN = Run.current()
CONFIG = CONFIGS[RUN.config]
PARAMS = CONFIG.params
PERIOD = 10  # ns
STALLS = ("none", "pattern", "geometric", "long", "mixed")
_WORD = np.dtype(f"<u{PARAMS.word_bits // 8}")
_SIGNED = np.dtype(f"i{PARAMS.word_bits // 8}")

T = TypeVar("T")


def max_cycles(words: np.ndarray) -> float:
    """Bound of the cycles for a packet, start-up and flush included."""
    overhead = 3 * max(PARAMS.block_words, PARAMS.word_bits) + 16
    return block_cycles(PARAMS, words, CONFIG.compact) + overhead


def pauses(kind: str) -> Iterator[bool]:
    """Whether a port rests, cycle by cycle, for ever."""
    rng = random.Random(random.getrandbits(64))
    if kind == "mixed":
        kind = rng.choice(STALLS[:-1])
    if kind == "pattern":
        yield from itertools.cycle([False, False, True, False, True, True, True, False, True])
    elif kind == "geometric":
        share = rng.choice([0.1, 0.5, 0.8])
        while True:
            yield rng.random() < share
    elif kind == "long":
        while True:
            yield from itertools.repeat(False, rng.randrange(1, 100))
            yield from itertools.repeat(True, rng.randrange(20, 80))
    yield from itertools.repeat(False)


class Bench:
    """Both cores under test, with a source or a sink at every port.

    Packets that are sent follow one another without an idle cycle but those of `stall`.
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        # numpy's generator is not reseeded by cocotb, Python's is
        self.rng = np.random.default_rng(random.getrandbits(64))
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.WARNING)
        self.enc_words = self._port(AxiStreamSource, "enc_words")
        self.enc_bpc = self._port(AxiStreamSink, "enc_bpc")
        self.enc_znz = self._port(AxiStreamSink, "enc_znz")
        self.dec_len = self._port(AxiStreamSource, "dec_len")
        self.dec_bpc = self._port(AxiStreamSource, "dec_bpc")
        self.dec_znz = self._port(AxiStreamSource, "dec_znz")
        self.dec_words = self._port(AxiStreamSink, "dec_words")
        self.started: list[int] = []  # times in ns at which packets began to be sent

    def _port(self, kind: type[T], prefix: str) -> T:
        bus = AxiStreamBus.from_prefix(self.dut, prefix)
        return kind(bus, self.dut.clk, self.dut.rst)  # type: ignore[call-arg]

    @property
    def ports(self) -> list[Any]:
        encoder = [self.enc_words, self.enc_bpc, self.enc_znz]
        return [*encoder, self.dec_len, self.dec_bpc, self.dec_znz, self.dec_words]

    @classmethod
    async def start(cls, dut: Any, stall: str = "none") -> Bench:
        """A bench that is out of reset, its ports resting as `stall` says."""
        bench = cls(dut)
        Clock(dut.clk, PERIOD, unit="ns").start()
        await bench.reset()
        if stall != "none":
            for port in bench.ports:
                port.set_pause_generator(pauses(stall))
        return bench

    async def reset(self, cycles: int = 2) -> None:
        """Hold reset; whatever the ports hold is lost."""
        self.dut.rst.value = 1
        for _ in range(cycles):
            await RisingEdge(self.dut.clk)
        for port in self.ports:
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
        for sink in (self.enc_bpc, self.enc_znz, self.dec_words):
            assert sink.empty(), "a packet that nobody sent"
            assert not sink.active, "a packet began that nobody sent"
        violations = int(self.dut.violations.value)
        assert violations == 0, f"{violations} violations of AXI4-Stream, see the log"

    def _note_start(self, frame: AxiStreamFrame) -> None:
        self.started.append(frame.sim_time_start)

    async def send_words(self, words: np.ndarray) -> None:
        """Queue a packet for the encoder."""
        data = words.view(_WORD).tobytes()
        await self.enc_words.send(AxiStreamFrame(data, tx_complete=self._note_start))

    async def receive_streams(self, num_words: int) -> Encoded:
        """The encoder's next packet, known to be of `num_words` words."""
        bpc = await self.enc_bpc.recv(compact=False)
        znz = await self.enc_znz.recv(compact=False)
        self.ended = max(bpc.sim_time_end, znz.sim_time_end)
        data = bytes(bpc.tdata)
        if PARAMS.port_words > 1:
            kept = sum(bpc.tkeep)
            beat = PARAMS.port_words * _WORD.itemsize
            assert bpc.tkeep == [1] * kept + [0] * (len(data) - kept), "tkeep has a gap"
            assert len(data) - kept < beat, "tkeep empties a beat"
            data = data[:kept]
        return Encoded(np.frombuffer(data, _WORD), np.frombuffer(znz.tdata, _WORD), num_words)

    async def send_streams(self, encoded: Encoded) -> None:
        """Queue a packet for the decoder."""
        length = (encoded.num_words - 1).to_bytes(LENGTH_BITS // 8, "little")
        await self.dec_len.send(AxiStreamFrame(length))
        await self.dec_znz.send(encoded.znz.astype(_WORD).tobytes())
        bpc = encoded.bpc.astype(_WORD).tobytes()
        await self.dec_bpc.send(AxiStreamFrame(bpc, tx_complete=self._note_start))

    async def receive_words(self) -> tuple[np.ndarray, bool]:
        """The decoder's next packet and its `tuser`, which only the last beat may raise."""
        frame = await self.dec_words.recv(compact=False)
        self.ended = frame.sim_time_end
        user = frame.tuser[:: _WORD.itemsize]
        assert not any(user[:-1]), "tuser before the last beat"
        return np.frombuffer(frame.tdata, _WORD).view(_SIGNED), bool(user[-1])

    def cycles(self) -> int:
        """Cycles from the first beat of the last packet sent to the end of the last received."""
        return round(convert(self.ended - self.started[-1], "step", to="ns")) // PERIOD

    def check_cycles(self, core: str, kind: str, words: np.ndarray) -> None:
        """The packet `words`, sent alone with no port pausing, has kept the bound."""
        slack = max_cycles(words) - self.cycles()
        RUN.record(core=core, kind=kind, words=len(words), cycles=self.cycles(), slack=slack)
        assert slack >= 0, f"{kind}, {len(words)} words: {-slack} cycles too many"
