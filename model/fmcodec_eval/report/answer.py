"""What to build: every codec that hardware has, on a network, in an accelerator's whole traffic.

The layer below the page's first section: plain figures of a frame, of which tables, sentences and
other tools are made. All of them are sums of `Summary.layer_sizes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fmcodec.codecs import get_codec
from fmcodec.errors import InputError
from fmcodec_eval.cores import Config, Cores, load
from fmcodec_eval.energy import MEMORIES, Memory, break_even, energy
from fmcodec_eval.report.plan import codec_config, codec_id
from fmcodec_eval.report.storage import BURSTS, DEFAULT_BURST
from fmcodec_eval.report.summary import Case, Summary

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SOFTWARE", "Candidate", "Layers", "System", "best", "candidates", "core_of"]

# what no accelerator decodes a word a cycle of: yardsticks, and a bound
SOFTWARE = ("deflate", "zstd", "entropy")


@dataclass(frozen=True)
class System:
    """The accelerator that a report answers for.

    Attributes:
        burst: bytes of a burst of its memory, one of `storage.BURSTS`.
        frames: a second.
        batch: frames for which weights are read once.
        on_chip: bytes of its buffer for maps.
        memory: its DRAM.
        cores: figures of the cores.
    """

    burst: int = DEFAULT_BURST
    frames: float = 30.0
    batch: int = 1
    on_chip: int = 512 << 10
    memory: Memory = MEMORIES[-1]
    cores: Cores = field(default_factory=load)

    def __post_init__(self) -> None:
        if self.burst not in BURSTS:
            raise InputError(f"burst must be {', '.join(map(str, BURSTS))}, not {self.burst}")
        for name in ("frames", "batch", "on_chip"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0, not {getattr(self, name)}")


@dataclass(frozen=True)
class Candidate:
    """A codec for all layers of a network, in a number format and an order. Amounts are a frame's.

    Attributes:
        case: network, format, order.
        codec: as the plan has it.
        config: its cores; None where the figures have none.
        system: the accelerator.
        raw_bytes, ideal_bytes, stored_bytes: of all maps: uncompressed, bits of the streams, and
            in memory, see `storage`.
        best_bytes: in memory, if every layer had the hardware codec that is best for it.
        weight_bytes: of weights read; None where they are not known.
        words: of all maps.
        word_bits: bits of a word.
        codec_mj: millijoules that the cores spend; None where that is not known.
        rate: words a cycle of the cores at least; None where there are none.
    """

    case: Case
    codec: str
    config: Config | None
    system: System = field(repr=False)
    raw_bytes: float
    ideal_bytes: float
    stored_bytes: float
    best_bytes: float
    weight_bytes: float | None
    words: float
    word_bits: int
    codec_mj: float | None
    rate: float | None

    @property
    def hardware(self) -> bool:
        """Whether hardware has such a codec, here or elsewhere."""
        return codec_id(self.codec) not in SOFTWARE

    @property
    def ideal_ratio(self) -> float:
        """Bits of all words over the bits of their streams."""
        return self.words * self.word_bits / (8 * self.ideal_bytes)

    @property
    def ratio(self) -> float:
        """Compression ratio in memory."""
        return self.raw_bytes / self.stored_bytes

    @property
    def traffic(self) -> tuple[float, float]:
        """Bytes to and from memory, uncompressed and coded: maps once each way, and weights."""
        weights = self.weight_bytes or 0.0
        return 2 * self.raw_bytes + weights, 2 * self.stored_bytes + weights

    @property
    def saved(self) -> float:
        """Share of the whole traffic that is saved."""
        raw, coded = self.traffic
        return 1 - coded / raw

    @property
    def one_for_all_loss(self) -> float:
        """By what share the maps are larger than with the best codec in every layer."""
        return self.stored_bytes / self.best_bytes - 1

    @property
    def dram_saved_mj(self) -> float:
        """Millijoules that the DRAM saves."""
        return energy(8 * (self.raw_bytes - self.stored_bytes), self.system.memory)

    @property
    def net_saved_mj(self) -> float | None:
        """Millijoules saved, the codec's own taken off."""
        return None if self.codec_mj is None else self.dram_saved_mj - self.codec_mj

    @property
    def break_even(self) -> float | None:
        """Ratio above which coding these maps saves energy."""
        if self.codec_mj is None:
            return None
        return break_even(self.system.memory, self.word_bits, self.codec_mj * 1e9 / self.words)


class Layers:
    """The layers of a case with every codec.

    Attributes:
        sizes: see `Summary.layer_sizes`.
        stored: bytes in memory, a row for each layer and a column for each codec.
        first: a row for each layer: what does not depend on the codec.
        weights: bytes of weights by layer; empty where they are not known.
    """

    def __init__(self, summary: Summary, case: Case, burst: int = DEFAULT_BURST) -> None:
        self.sizes: pd.DataFrame = summary.layer_sizes(case, burst)
        by = self.sizes.set_index(["layer", "codec"])
        self.stored = by.stored_bytes.unstack("codec", sort=False)
        self.raw_packets = by.raw_packets.unstack("codec", sort=False)
        self.first = self.sizes.drop_duplicates("layer").set_index("layer")
        self.word_bits = int(self.first.word_bits.iloc[0])
        about = summary.networks.get(case.network)
        self.weights = about.weight_bytes(case.format, self.word_bits) if about else {}
        self.hardware = [c for c in self.stored.columns if codec_id(c) not in SOFTWARE]

    def best(self) -> pd.Series:
        """The hardware codec with the fewest bytes of every layer."""
        return self.stored[self.hardware].idxmin(axis=1)

    def codec_mj(self, config: Config | None) -> pd.Series | None:
        """Millijoules a frame that cores spend on every layer."""
        zeros = self.first.zeros / self.first.words
        found = [None if config is None else config.word_pj(share) for share in zeros]
        if any(pj is None for pj in found):
            return None
        return self.first.words * found * 1e-9

    def working_set(self) -> pd.Series:
        """Bytes of every layer and the one before it: what a buffer holds for no map to leave it.

        Maps kept for a later residual sum come on top.
        """
        sizes = self.first.words * self.word_bits / 8
        return sizes + sizes.shift(1, fill_value=0.0)


def core_of(codec: str, word_bits: int, cores: Cores) -> Config | None:
    """The cores of a plan's codec."""
    parameters = get_codec(codec_config(codec), word_bits=word_bits).get_config()
    name = parameters.pop("id")
    return cores.find(name, word_bits, parameters)


def candidates(
    summary: Summary, case: Case, system: System, layers: Layers | None = None
) -> list[Candidate]:
    """Every codec of a case, the best hardware codec first."""
    layers = layers or Layers(summary, case, system.burst)
    sums = layers.sizes.groupby("codec", sort=False)[["raw_bytes", "ideal_bytes", "stored_bytes"]]
    rates: Mapping[str, float] = summary.words_per_cycle(case).to_dict()
    best_bytes = float(layers.stored[layers.hardware].min(axis=1).sum()) if layers.hardware else 0.0
    weights = sum(layers.weights.values()) / system.batch if layers.weights else None
    found = []
    for codec, row in sums.sum().iterrows():
        config = core_of(str(codec), layers.word_bits, system.cores)
        spent = layers.codec_mj(config)
        found.append(
            Candidate(
                case=case,
                codec=str(codec),
                config=config,
                system=system,
                raw_bytes=float(row.raw_bytes),
                ideal_bytes=float(row.ideal_bytes),
                stored_bytes=float(row.stored_bytes),
                best_bytes=best_bytes,
                weight_bytes=weights,
                words=float(layers.first.words.sum()),
                word_bits=layers.word_bits,
                codec_mj=None if spent is None else float(spent.sum()),
                rate=rates.get(f"{codec} p{config.params.get('port_words', 1)}")
                if config
                else None,
            )
        )
    return sorted(found, key=lambda each: (not each.hardware, each.stored_bytes))


def best(found: Sequence[Candidate]) -> Candidate | None:
    """The candidate to build: of those with cores the one that moves the fewest bytes."""
    ours = [each for each in found if each.config is not None]
    return min(ours, key=lambda each: each.stored_bytes, default=None)
