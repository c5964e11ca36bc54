"""EBPC's bench: its two streams between the cores."""

from __future__ import annotations

from fmcodec.ebpc import Encoded
from sim.lossless import bench

__all__ = ["Bench"]


class Bench(bench.Bench):
    """Encoder and decoder with their BPC and ZNZ ports."""

    async def receive_streams(self, num_words: int) -> Encoded:
        bpc = await self.receive("encoder_m_axis_bpc")
        znz = await self.receive("encoder_m_axis_znz")
        self.ended = max(bpc.sim_time_end, znz.sim_time_end)
        return Encoded(
            bench.stream_words(bpc, self.word, self.params.port_words),
            bench.stream_words(znz, self.word, 1),
            num_words,
        )

    async def send_streams(self, encoded: Encoded) -> None:
        await self.send_length(encoded.num_words)
        await self.send("decoder_s_axis_znz", encoded.znz.astype(self.word).tobytes())
        await self.send("decoder_s_axis_bpc", encoded.bpc.astype(self.word).tobytes(), timed=True)
