"""Configurations of cores for a network: what they take, what they save, and which are beaten.

A build is an encoder and a decoder of one codec, and how many of both work side by side: lanes code
different packets at the same time, so that nothing of a stream depends on them. All of a build's
figures follow from the network's maps and from the figures of the cores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fmcodec.codecs import get_codec
from fmcodec.ebpc import Params, cycles
from fmcodec_eval.cores import Config, Cores
from fmcodec_eval.report.answer import System, candidates
from fmcodec_eval.report.plan import codec_config
from fmcodec_eval.report.summary import Summary

__all__ = ["LANES", "Build", "best", "builds", "codecs_of", "frontier"]

LANES = (1, 2, 4, 8)
# ports with register slices, and decoders that see no damage, are a user's wish, not a choice
_LEFT_OUT = ("registered", "unchecked")


@dataclass(frozen=True)
class Build:
    """Cores for all maps of a network.

    Attributes:
        codec: as a plan has it: id and parameters.
        order: in which maps are stored.
        encoder, decoder: names of the configurations that these cores are of.
        block_words, max_zero_run: n and z; None where the codec has none.
        port_words: words of a beat.
        lanes: encoders, and as many decoders.
        gates: gate equivalents of all of them at the clock.
        clock_mhz: at which they code what is asked for.
        gbps: Gbit/s of uncompressed words that they code at least with their fastest netlists.
        ratio: uncompressed bytes over bytes in memory, see `report.storage`.
        saved: share of the network's whole traffic, weights included where they are known.
        word_pj: pJ of coding a word once and decoding it once; None where it is not measured.
    """

    codec: str
    order: str
    encoder: str
    decoder: str
    block_words: int | None
    max_zero_run: int | None
    port_words: int
    lanes: int
    gates: float
    clock_mhz: float
    gbps: float
    ratio: float
    saved: float
    word_pj: float | None

    @property
    def name(self) -> str:
        """What is built, in short."""
        decoder = self.decoder.removeprefix(f"{self.decoder.split()[0]} ")
        pair = self.encoder if self.encoder == self.decoder else f"{self.encoder} + {decoder}"
        return pair if self.lanes == 1 else f"{self.lanes} x {pair}"


def codecs_of(cores: Cores, word_bits: int) -> tuple[str, ...]:
    """The codecs that have cores for words of so many bits, as a plan has them."""
    found = []
    for config in cores.configs:
        if config.params.get("word_bits") == word_bits:  # what codes vectors has none
            settings = {name: config.params.get(name) for name in ("block_words", "max_zero_run")}
            text = ",".join(f"{name}={value}" for name, value in settings.items() if value)
            found.append(f"{config.codec}:{text}" if text else config.codec)
    return tuple(dict.fromkeys(found))


def builds(summary: Summary, network: str, form: str, system: System, gbps: float) -> list[Build]:
    """The smallest build of every codec, order and port that codes so much; best savings first.

    Args:
        summary: of a report whose codecs are those of `codecs_of`.
        network, form: whose cases are looked at, in every order.
        system: the accelerator.
        gbps: Gbit/s of uncompressed words, that the encoders take and that the decoders give.
    """
    found = []
    for case in summary.cases:
        if (case.network, case.format) != (network, form):
            continue
        rates = summary.words_per_cycle(case).to_dict()
        zeros = float(summary.sparsity(summary.of(case), "network").iloc[0])
        for candidate in candidates(summary, case, system):
            for pair in _pairs(candidate.codec, candidate.word_bits, system.cores):
                rate = min(_rate(each, candidate.codec, rates) for each in pair)
                for lanes in LANES:
                    clock = 1e3 * gbps / (candidate.word_bits * rate * lanes)
                    areas = (
                        pair[0].encoder.area_at(1e3 / clock),
                        pair[1].decoder.area_at(1e3 / clock),
                    )
                    if areas[0] is None or areas[1] is None:
                        continue
                    periods = pair[0].encoder.period_ns, pair[1].decoder.period_ns
                    params = pair[0].params
                    spent = pair[0].encoder.word_pj(zeros), pair[1].decoder.word_pj(zeros)
                    found.append(
                        Build(
                            codec=candidate.codec,
                            order=case.order,
                            encoder=pair[0].name,
                            decoder=pair[1].name,
                            block_words=params.get("block_words"),
                            max_zero_run=params.get("max_zero_run"),
                            port_words=params.get("port_words", 1),
                            lanes=lanes,
                            gates=lanes * (areas[0] + areas[1]),
                            clock_mhz=clock,
                            gbps=lanes * rate * candidate.word_bits / max(filter(None, periods)),
                            ratio=candidate.ratio,
                            saved=candidate.saved,
                            word_pj=None if None in spent else sum(filter(None, spent)),
                        )
                    )
    return sorted(_smallest(found), key=lambda build: (-build.saved, build.gates))


def _pairs(codec: str, word_bits: int, cores: Cores) -> Iterator[tuple[Config, Config]]:
    """Configurations with an encoder and with a decoder of a codec, whose ports are alike."""
    coder = get_codec(codec_config(codec), word_bits=word_bits).get_config()
    fitting = [
        config
        for config in cores.configs
        if config.codec == coder["id"]
        and not any(config.name.endswith(ending) for ending in _LEFT_OUT)
        and all(coder.get(k, v) == v for k, v in config.params.items() if k != "port_words")
    ]
    for first in fitting:
        for second in fitting:
            if first.params == second.params:
                yield first, second


def _rate(config: Config, codec: str, rates: dict[str, float]) -> float:
    """Words a cycle that cores keep at least: on this network, the compact ones of EBPC on any."""
    if config.codec == "ebpc" and "compact" in config.name:
        params = Params.from_config(config.params)
        return cycles.guaranteed_words_per_cycle(params, compact=True)
    return rates[f"{codec} p{config.params.get('port_words', 1)}"]


def _smallest(found: Iterable[Build]) -> list[Build]:
    """Of builds that code alike through ports alike the smallest, of as small ones the fastest."""
    kept: dict[tuple, Build] = {}
    for build in found:
        key = build.codec, build.order, build.port_words
        if key not in kept or (build.gates, -build.gbps) < (kept[key].gates, -kept[key].gbps):
            kept[key] = build
    return list(kept.values())


def frontier(found: Sequence[Build]) -> list[Build]:
    """The Pareto set: no other build is as small and saves as much. The smallest one first."""
    kept: list[Build] = []
    for build in sorted(found, key=lambda each: (each.gates, -each.saved)):
        if not kept or build.saved > kept[-1].saved:
            kept.append(build)
    return kept


def best(found: Sequence[Build], gates: float) -> Build | None:
    """What saves most within so many gate equivalents."""
    within = [build for build in frontier(found) if build.gates <= gates]
    return within[-1] if within else None
