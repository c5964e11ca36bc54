"""The bench of a lossless codec: words into the encoder, words out of the decoder."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from sim import bench
from sim.record import Run

__all__ = ["Bench"]


class Bench(bench.Bench):
    """Ports `s_axis` of the encoder, `s_axis_len` and `m_axis` of the decoder, and those of the
    codec's streams between them, `m_axis_<stream>` and `s_axis_<stream>`.

    Attributes:
        params: parameters of the codec.
        packets: the codec's `Packets` of this run's configuration.
    """

    def __init__(self, dut: Any, run: Run) -> None:
        super().__init__(dut, run)
        room = importlib.import_module(f"sim.{run.config.codec}.packets")
        self.params, self.packets = run.config.params, room.Packets(run.config)
        self.word = np.dtype(f"<u{self.params.word_bits // 8}")
        self._signed = np.dtype(f"i{self.params.word_bits // 8}")

    @classmethod
    async def start(cls, dut: Any, stall: str = "none") -> Bench:
        """A bench that is out of reset, its ports resting as `stall` says."""
        made = cls(dut, Run.current())
        await made.up(stall)
        return made

    async def send_words(self, words: np.ndarray) -> None:
        """Queue a packet for the encoder."""
        data = words.view(self.word).tobytes()
        await self.send("encoder_s_axis", data, user=self.packets.user, timed=True)

    async def send_length(self, num_words: int) -> None:
        """Queue a packet's length for the decoder."""
        size = -(-self.run.config.options["length_bits"] // 8)
        await self.send("decoder_s_axis_len", (num_words - 1).to_bytes(size, "little"))

    async def receive_words(self) -> tuple[np.ndarray, bool]:
        """The decoder's next packet and its `tuser`, which only the last beat may raise."""
        frame = await self.receive("decoder_m_axis")
        self.ended = frame.sim_time_end
        user = frame.tuser[:: self.word.itemsize]
        assert not any(user[:-1]), "tuser before the last beat"
        return np.frombuffer(frame.tdata, self.word).view(self._signed), bool(user[-1])

    async def receive_streams(self, num_words: int) -> Any:
        """The encoder's next packet, known to be of `num_words` words."""
        prefix = "encoder_m_axis_"
        streams = {}
        self.ended = 0
        for port in [name for name in self.ports if name.startswith(prefix)]:
            frame = await self.receive(port)
            self.ended = max(self.ended, frame.sim_time_end)
            streams[port.removeprefix(prefix)] = self._stream(frame, port)
        return self.packets.encoded(streams, num_words)

    def _stream(self, frame: Any, port: str) -> np.ndarray:
        """The stream words of a received packet; only its last beat may be partial."""
        data, beat = bytes(frame.tdata), self.widths[port] // 8
        if beat > self.word.itemsize:
            kept = sum(frame.tkeep)
            assert frame.tkeep == [1] * kept + [0] * (len(data) - kept), "tkeep has a gap"
            assert len(data) - kept < beat, "tkeep empties a beat"
            data = data[:kept]
        return np.frombuffer(data, self.word)

    async def send_streams(self, encoded: Any) -> None:
        """Queue a packet for the decoder."""
        await self.send_length(encoded.num_words)
        for name, words in self.packets.streams(encoded).items():
            data = words.astype(self.word).tobytes()
            await self.send(f"decoder_s_axis_{name}", data, timed=True)

    def check_cycles(self, core: str, kind: str, words: np.ndarray) -> None:
        """The packet `words`, sent alone with no port pausing, has kept the bound."""
        slack = self.packets.bound(words) - self.cycles()
        self.run.record(core=core, kind=kind, words=len(words), cycles=self.cycles(), slack=slack)
        assert slack >= 0, f"{kind}, {len(words)} words: {-slack} cycles too many"
