"""The bench of a lossless codec: words into the encoder, words out of the decoder."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from sim import bench
from sim.record import Run

__all__ = ["Bench", "stream_words"]


def stream_words(frame: Any, dtype: np.dtype, port_words: int) -> np.ndarray:
    """The stream words of a received packet; only its last beat may be partial."""
    data = bytes(frame.tdata)
    if port_words > 1:
        kept = sum(frame.tkeep)
        assert frame.tkeep == [1] * kept + [0] * (len(data) - kept), "tkeep has a gap"
        assert len(data) - kept < port_words * dtype.itemsize, "tkeep empties a beat"
        data = data[:kept]
    return np.frombuffer(data, dtype)


class Bench(bench.Bench):
    """Ports `s_axis` of the encoder, `s_axis_len` and `m_axis` of the decoder; the streams between
    them are the codec's, whose room derives `Bench` from it in its `bench.py`.

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

    @staticmethod
    async def start(dut: Any, stall: str = "none") -> Any:
        """The codec's bench of this run, out of reset, its ports resting as `stall` says."""
        run = Run.current()
        made = importlib.import_module(f"sim.{run.config.codec}.bench").Bench(dut, run)
        await made.up(stall)
        return made

    async def send_words(self, words: np.ndarray) -> None:
        """Queue a packet for the encoder."""
        await self.send("encoder_s_axis", words.view(self.word).tobytes(), timed=True)

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
        raise NotImplementedError

    async def send_streams(self, encoded: Any) -> None:
        """Queue a packet for the decoder."""
        raise NotImplementedError

    def check_cycles(self, core: str, kind: str, words: np.ndarray) -> None:
        """The packet `words`, sent alone with no port pausing, has kept the bound."""
        slack = self.packets.bound(words) - self.cycles()
        self.run.record(core=core, kind=kind, words=len(words), cycles=self.cycles(), slack=slack)
        assert slack >= 0, f"{kind}, {len(words)} words: {-slack} cycles too many"
