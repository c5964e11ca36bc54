"""Search for packets that break the bound of the cycles, in a core of the exported Verilog.

Random packets stop far below the bound. So short packets climb: they are changed a little, and a
change stays where the packet leaves no more below the bound than before. What a core loses with
every block shows when a packet is repeated: half of them climb as they are, half five times over,
and the best of each are repeated to more than `LONG` words in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fmcodec_hw import catalog
from fmcodec_hw.codec import Config
from sim.ebpc.packets import Packets
from sim.full_speed import FullSpeed
from sim.record import Run

__all__ = ["LONG", "Climb", "beats", "search"]

LONG = 9000
REPEATS = (1, 5)
PACKETS = 48  # that climb side by side
MAX_BLOCKS = 12  # of a packet
PATIENCE = 400  # changes in vain before a packet gives way to a new one
ROUNDS = {True: 200, False: 2000}  # by whether the run is short

Bound = Callable[[np.ndarray], int]


def beats(config: Config, core: str, words: np.ndarray) -> dict[str, Any]:
    """The packet `words` as `FullSpeed.cycles` takes it."""
    if core == "encoder":
        return {"s_axis": words.view(f"u{words.itemsize}")}
    params = config.params
    encoded = params.encode(words)
    bpc = encoded.bpc.astype(np.uint64)
    packet = {"s_axis_len": [len(words) - 1], "s_axis_bpc": bpc, "s_axis_znz": encoded.znz}
    if params.port_words == 2:
        keep_bits = params.word_bits // 8
        if odd := len(bpc) % 2:
            bpc = np.append(bpc, np.uint64(0))
        packet["s_axis_bpc"] = bpc[::2] | bpc[1::2] << np.uint64(params.word_bits)
        packet["s_axis_bpc_keep"] = 2 ** (keep_bits * (2 - odd)) - 1
    return packet


class Climb:
    """Packets that climb towards a bound of a core's cycles.

    Attributes:
        worst: of each of `REPEATS` the packet that leaves least, and how many cycles.
        tried: packets tried.
    """

    def __init__(self, sim: FullSpeed, config: Config, core: str, bound: Bound, seed: int) -> None:
        self._sim, self._config, self._core, self._bound = sim, config, core, bound
        self._rng = np.random.default_rng(seed)
        self._longest = MAX_BLOCKS * config.params.block_words
        self._repeats = [REPEATS[i % len(REPEATS)] for i in range(PACKETS)]
        self._packets = [self._fresh_packet() for _ in range(PACKETS)]
        self._slack = [self.slack(np.tile(*pair)) for pair in self._pairs(self._packets)]
        self._in_vain = [0] * PACKETS
        self.worst: dict[int, tuple[np.ndarray, int]] = {}
        self.tried = 0

    def _pairs(self, packets: list[np.ndarray]) -> list[tuple[np.ndarray, int]]:
        return list(zip(packets, self._repeats, strict=True))

    def slack(self, *packets: np.ndarray) -> Any:
        """Cycles that each of the packets leaves below the bound; one packet: a number."""
        taken = self._sim.cycles([beats(self._config, self._core, words) for words in packets])
        left = [self._bound(words) - int(n) for words, n in zip(packets, taken, strict=True)]
        return left[0] if len(left) == 1 else left

    def round(self) -> None:
        """Change every packet once."""
        changed = [self._changed(words) for words in self._packets]
        slack = self.slack(*(np.tile(*pair) for pair in self._pairs(changed)))
        self.tried += PACKETS
        for i, (words, left) in enumerate(zip(changed, slack, strict=True)):
            self._in_vain[i] = 0 if left < self._slack[i] else self._in_vain[i] + 1
            if left <= self._slack[i]:
                self._packets[i], self._slack[i] = words, left
            if left < self.worst.get(self._repeats[i], (words, 2**31))[1]:
                self.worst[self._repeats[i]] = words, left
            if self._in_vain[i] > PATIENCE:
                self._packets[i], self._slack[i] = self._fresh_packet(), 2**31

    def _fresh_packet(self) -> np.ndarray:
        return self._fresh(int(self._rng.integers(1, self._longest)))

    def _fresh(self, size: int) -> np.ndarray:
        """Words whose planes have long or short symbols in one way."""
        word_bits, rng = self._config.params.word_bits, self._rng
        low, high = -(2 ** (word_bits - 1)), 2 ** (word_bits - 1) - 1
        words = (
            lambda: rng.choice([low, high], size),
            lambda: rng.integers(low, high, size, endpoint=True),
            lambda: rng.choice([low, low + 1, 1, 2, 3], size),
            lambda: np.full(size, rng.integers(low, high, endpoint=True)),
            lambda: rng.integers(-3, 4, size),
            lambda: np.zeros(size),
        )[int(rng.integers(6))]()
        return words.astype(f"i{word_bits // 8}")

    def _changed(self, words: np.ndarray) -> np.ndarray:
        """The packet with one to three changes."""
        rng, words = self._rng, words.copy()
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.integers(len(words)))
            count = min(int(rng.choice([1, 1, 2, 4, 8, 16])), len(words) - at)
            other = self._packets[int(rng.integers(PACKETS))]
            match int(rng.integers(8)):
                case 0:
                    words[at] = 0
                case 1:
                    words[at : at + count] = self._fresh(count)
                case 2:
                    words[at] ^= words.dtype.type(1 << int(rng.integers(8 * words.itemsize - 1)))
                case 3:
                    words = np.insert(words, at, self._fresh(count))
                case 4 if count < len(words):
                    words = np.delete(words, slice(at, at + count))
                case 5:
                    words = np.insert(words, at, np.zeros(count, words.dtype))
                case 6:
                    place = int(rng.integers(len(words)))
                    words[[at, place]] = words[[place, at]]
                case _:
                    words = np.concatenate([words[:at], other[int(rng.integers(len(other))) :]])
        return words[: self._longest]


def search(run: Run, folder: Path, seed: int, *, bound: Bound | None = None) -> dict[str, int]:
    """Climb in both directions; the least slack of each core, recorded in the run's results.

    Parameters:
        run: the configuration, and whether the search is short.
        folder: where the cores are built.
        seed: of the packets; the same seed tries the same ones.
        bound: another bound of the cycles than the model's.

    Raises:
        AssertionError: a packet takes longer than the bound.
    """
    config = run.config
    bound = bound or Packets(config).bound
    least: dict[str, int] = {}
    for core, top in catalog.tops(config).items():
        if core not in config.cores:
            continue
        with FullSpeed(top, folder / f"full-speed-{core}") as sim:
            climb = Climb(sim, config, core, bound, seed)
            for _ in range(ROUNDS[run.short]):
                climb.round()
            for repeats, (words, left) in climb.worst.items():
                tiled = np.tile(words, -(-LONG // len(words)))
                for packet, slack in ((np.tile(words, repeats), left), (tiled, climb.slack(tiled))):
                    size = len(packet)
                    run.record(core=core, kind="search", words=size, tried=climb.tried, slack=slack)
                    least[core] = min(slack, least.get(core, slack))
                    told = f"{-slack} cycles too many in the {core} for {words.tolist()}"
                    assert slack >= 0, f"{told}, repeated to {size} words, seed {seed}"
    return least
