"""The bench of FMTC's cores: contexts and tiles in and out, and what the model says of them."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from fmcodec import fmtc
from fmcodec.errors import DamagedStream
from fmcodec.fmtc import cycles
from sim import bench
from sim.fmtc import contexts
from sim.fmtc.contexts import Pair
from sim.record import Run

__all__ = ["Bench"]

T = TypeVar("T")
Words = npt.NDArray[np.uint32]
Vectors = npt.NDArray[np.signedinteger]

# How the decoder's ports call the faults of a tile, in the order of doc/format.md
CAUSES = {
    fmtc.Underrun: "underrun",
    fmtc.WordsLeftOver: "words_left_over",
    fmtc.BadChecksum: "checksum",
    fmtc.ContextMismatch: "context",
    fmtc.LengthMismatch: "length",
    fmtc.BadSymbol: "symbol",
    fmtc.BadRun: "run",
}


class Bench(bench.Bench):
    """Ports `s_axis_ctx` of both cores; `s_axis_tile`, `s_axis`, `m_axis` of the encoder;
    `s_axis_len`, `s_axis`, `m_axis` of the decoder; and their `status_*`.

    Attributes:
        params: the build.
        folded: the encoder is given coefficients.
        models: the stateful model by core; what is queued at a core is given to its model too.
        told: contexts that each core has loaded and refused, by core and event.
        clips: coefficients that the encoder has told to be clipped.
    """

    def __init__(self, dut: Any, run: Run) -> None:
        super().__init__(dut, run)
        self.params = run.config.params
        self.folded = bool(run.config.options["folded"])
        self.models: dict[str, Any] = {}
        self.told: dict[tuple[str, str], int] = {}
        self.expected: dict[tuple[str, str], int] = {}
        self.clips = 0
        self._forget()

    def _forget(self) -> None:
        """The models and counts are those of cores that come out of reset."""
        self.models["encoder"] = fmtc.Encoder(self.params, self.folded)
        self.models["decoder"] = fmtc.Decoder(self.params)
        for counts in (self.told, self.expected):
            for core in ("encoder", "decoder"):
                counts.update({(core, event): 0 for event in ("loaded", "refused")})
        self.clips = 0

    @classmethod
    async def start(cls, dut: Any, stall: str = "none") -> Bench:
        """A bench that is out of reset, its ports resting as `stall` says."""
        made = cls(dut, Run.current())
        await made.up(stall)
        for core in ("encoder", "decoder"):
            cocotb.start_soon(made._watch_contexts(core))
        cocotb.start_soon(made._watch_clips())
        return made

    async def reset(self, cycles: int = 2) -> None:
        """Hold reset; whatever the ports and the cores hold is lost."""
        await super().reset(cycles)
        self._forget()

    async def _watch_clips(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.rst.value == 0 and self.dut.encoder_status_clip.value == 1:
                self.clips += 1

    async def _watch_contexts(self, core: str) -> None:
        """Count the contexts that the core says it has loaded and refused."""
        ports = {
            event: getattr(self.dut, f"{core}_status_context_{event}")
            for event in ("loaded", "refused")
        }
        while True:
            await RisingEdge(self.dut.clk)
            for event, port in ports.items():
                if self.dut.rst.value == 0 and port.value == 1:
                    self.told[core, event] += 1

    def make_pair(self, **more: Any) -> Pair:
        """A random context that the build holds."""
        return contexts.make(self.params, self.rng, folded=self.folded, **more)

    async def within(self, words: int, task: Coroutine[Any, Any, T]) -> T:
        """As the base's, but the task may wait for two contexts besides, one behind the other.

        A matrix of few lanes takes its time too: of a value as many cycles as it has products.
        """
        loads = 2 * cycles.context_cycles(self.params, 0)
        busy = cycles.vector_cycles(self.params) // self.params.channels
        return await super().within(words * -(-busy // 16) + loads // 64, task)

    async def load(self, core: str, words: Words, *, begin: bool = False) -> bool:
        """Send a context; whether the model takes it.

        Returns when the core has said what it makes of it, or with `begin` when its first word
        was taken: a tile of its tag waits for it from then on.
        """
        try:
            self.models[core].load(words)
            event = "loaded"
        except DamagedStream:
            event = "refused"
        self.expected[core, event] += 1
        port = f"{core}_s_axis_ctx"
        await self.send(port, words.astype("<u4").tobytes())
        if begin:
            await self.within(len(words), self._taken(port))
        else:
            await self.within(len(words), self.settled(core))
        return event == "loaded"

    async def load_both(self, pair: Pair) -> None:
        """Send a layer's contexts to both cores."""
        assert await self.load("encoder", pair.encoder.to_words())
        assert await self.load("decoder", pair.decoder.to_words())

    async def _taken(self, port: str) -> None:
        valid, ready = (getattr(self.dut, f"{port}_t{name}") for name in ("valid", "ready"))
        while True:
            await RisingEdge(self.dut.clk)
            if valid.value == 1 and ready.value == 1:
                return

    async def settled(self, core: str) -> None:
        """Wait until the core has told of every context that it was sent."""
        while any(
            self.told[core, event] < self.expected[core, event] for event in ("loaded", "refused")
        ):
            await RisingEdge(self.dut.clk)

    async def send_vectors(
        self, vectors: Vectors, tag: int, raw: bool = False
    ) -> tuple[Words, int]:
        """Queue a tile for the encoder; its words and clips by the model."""
        encoded = self.models["encoder"].encode_tile(vectors, tag, raw)
        header = len(vectors) - 1 << 16 | raw << 15 | tag
        await self.send("encoder_s_axis_tile", header.to_bytes(4, "little"), timed=True)
        await self.send("encoder_s_axis", vectors.astype(vectors.dtype.newbyteorder("<")).tobytes())
        return encoded[0], int(encoded.clips[0])

    async def send_tile(
        self, words: Words, count: int
    ) -> tuple[npt.NDArray[np.int8], list[DamagedStream]]:
        """Queue a tile for the decoder, `count` vectors asked for; what the model makes of it."""
        found = self.models["decoder"].decode_leniently(words, count)
        await self.send("decoder_s_axis_len", (count - 1).to_bytes(2, "little"), timed=True)
        await self.send("decoder_s_axis", words.astype("<u4").tobytes())
        return found

    async def receive_tile(self, values: int) -> Words:
        """The encoder's next tile, of about so many coefficients."""
        frame = await self.within(values, self.receive("encoder_m_axis"))
        self.ended = frame.sim_time_end
        return np.frombuffer(bytes(frame.tdata), "<u4").astype(np.uint32)

    async def receive_vectors(self, values: int) -> tuple[npt.NDArray[np.int8], bool]:
        """The decoder's next tile, (vectors, C), and its `tuser`, which only the last beat has."""
        frame = await self.within(values, self.receive("decoder_m_axis"))
        self.ended = frame.sim_time_end
        assert not any(frame.tuser[:-1]), "tuser before the last beat"
        decoded = np.frombuffer(bytes(frame.tdata), np.int8)
        assert len(decoded) % self.params.channels == 0, f"{len(decoded)} values"
        return decoded.reshape(-1, self.params.channels), bool(frame.tuser[-1])

    def causes(self) -> set[str]:
        """The decoder's sticky causes that are set."""
        return {
            cause
            for cause in CAUSES.values()
            if getattr(self.dut, f"decoder_status_{cause}").value == 1
        }

    @staticmethod
    def causes_of(faults: Sequence[DamagedStream]) -> set[str]:
        """The names that the ports have for the model's faults."""
        return {CAUSES[type(fault)] for fault in faults}

    async def finish(self) -> None:
        """Nothing is left over, every context was told of, no port has broken a rule."""
        await super().finish()
        assert self.told == self.expected, f"contexts told {self.told}, expected {self.expected}"

    def check_cycles(self, core: str, kind: str, tiles: Sequence[int], components: int) -> int:
        """Tiles of so many vectors, sent together with no port pausing, have kept the bound.

        Returns their cycles.
        """
        folded = self.folded and core == "encoder"
        limit = cycles.bound(self.params, tiles, components, folded=folded)
        limit += 2 * self.run.config.register_ports  # a beat's cycle at either end
        taken = self.cycles()
        self.run.record(core=core, kind=kind, tiles=len(tiles), cycles=taken, slack=limit - taken)
        told = f"{kind}, tiles of {list(tiles)} vectors of {components} components"
        assert taken <= limit, f"{told}: {taken - limit} of {taken} cycles too many"
        return taken

    def begin(self) -> None:
        """`cycles` counts from the first tile that is sent from now on."""
        self._started.clear()

    def cycles(self) -> int:
        """Cycles from the first beat of the first tile since `begin` to the end of the last."""
        first, last = self._started[0], self._started[-1]
        self._started[-1] = first
        taken = super().cycles()
        self._started[-1] = last
        return taken
