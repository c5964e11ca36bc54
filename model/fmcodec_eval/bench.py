"""Words per second of the codecs on the embedded feature maps, one thread: `fmcodec bench`."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fmcodec import feature_maps, rice
from fmcodec.codecs import Codec, get_codec
from fmcodec.ebpc import Params, reference
from fmcodec.errors import require
from fmcodec.words import Words
from fmcodec_eval.lossy.speed import speeds as lossy_speeds

__all__ = ["Contestant", "Speed", "bench", "contestants", "measure"]

# the readable model is slow: the first words of a few maps tell its speed as well
REFERENCE_WORDS = 4096
LOSSY = ("name", "encode", "decode", "bits_per_value")


@dataclass(frozen=True)
class Contestant:
    """What is timed: three functions on packets of int8 words; None for what does not exist."""

    name: str
    encode: Callable[[Words], Any]
    decode: Callable[[Any], Any]
    encoded_bits: Callable[[Words], int] | None
    max_words: int | None = None


@dataclass(frozen=True)
class Speed:
    """Million words per second, the best of all rounds, and the ratio on all maps together."""

    name: str
    encode: float
    decode: float
    encoded_bits: float | None
    ratio: float


def contestants() -> Iterator[Contestant]:
    """Rice and EBPC fast and readable, their baselines, and byte coders, on 8-bit words."""
    params = Params()
    yield Contestant("EBPC", params.encode, params.decode, params.encoded_bits)
    yield Contestant(
        "EBPC, readable reference",
        lambda words: reference.encode(params, words),
        lambda encoded: reference.decode(params, encoded),
        lambda words: reference.encoded_bits(params, words),
        REFERENCE_WORDS,
    )
    signed = rice.Params()
    yield Contestant("Rice", signed.encode, signed.decode, signed.encoded_bits)
    yield Contestant(
        "Rice, readable reference",
        lambda words: rice.reference.encode(signed, words),
        lambda encoded: rice.reference.decode(signed, encoded),
        lambda words: rice.reference.encoded_bits(signed, words),
        REFERENCE_WORDS,
    )
    for name, parameters in (
        ("bpc", {}),
        ("zero_rle", {}),
        ("zvc", {}),
        ("csc", {}),
        ("rice", {}),
        ("deflate", {"level": 1}),
        ("deflate", {"level": 6}),
    ):
        codec = get_codec(name, **parameters)
        assert isinstance(codec, Codec)
        # a byte coder knows its size when it has coded
        sizes = None if name == "deflate" else codec.encoded_bits
        effort = f" -{parameters['level']}" if parameters else ""
        title = f"zlib{effort}" if name == "deflate" else codec.title
        title += ", best flags" if name == "rice" else ""
        yield Contestant(title, codec.encode, codec.decode, sizes)
    numcodecs = require("numcodecs", "numcodecs", "a measurement of lz4 and zstd")
    for title, peer in (
        ("lz4", numcodecs.LZ4()),
        ("zstd -1", numcodecs.Zstd(level=1)),
        ("zstd -3", numcodecs.Zstd(level=3)),
    ):
        yield Contestant(title, peer.encode, peer.decode, None)


def _rate(function: Callable[[Any], Any], packets: Sequence[Any], words: int, time: float) -> float:
    """Million words/s of the best round over all packets, in `time` seconds, one at least."""
    function(packets[0])  # compiles a kernel, fills a table
    best, end = float("inf"), perf_counter() + time
    while True:
        start = perf_counter()
        for packet in packets:
            function(packet)
        now = perf_counter()
        best = min(best, now - start)
        if now >= end:
            return words / best / 1e6


def _bits(contestant: Contestant, packet: Words, code: Any) -> int:
    if contestant.encoded_bits is not None:
        return contestant.encoded_bits(packet)
    return 8 * len(code)


def measure(contestant: Contestant, maps: Sequence[Words], time: float) -> Speed:
    """Time a contestant, after a check that it gives every map back.

    Args:
        contestant: what to time.
        maps: packets of int8 words.
        time: seconds for each of the three functions.

    Raises:
        AssertionError: a map does not come back bit for bit.
    """
    packets = [words[: contestant.max_words] for words in maps]
    num_words = sum(len(packet) for packet in packets)
    codes = [contestant.encode(packet) for packet in packets]
    for packet, code in zip(packets, codes, strict=True):
        decoded = np.frombuffer(contestant.decode(code), np.int8)
        if not np.array_equal(decoded, packet):
            raise AssertionError(f"{contestant.name} does not give a map back")
    bits = sum(_bits(contestant, *pair) for pair in zip(packets, codes, strict=True))
    sizes = contestant.encoded_bits
    return Speed(
        contestant.name,
        _rate(contestant.encode, packets, num_words, time),
        _rate(contestant.decode, codes, num_words, time),
        None if sizes is None else _rate(sizes, packets, num_words, time),
        8 * num_words / bits,
    )


def _table(speeds: Sequence[Speed], maps: Sequence[Words]) -> Table:
    words = sum(map(len, maps))
    table = Table(title=f"Million words/s, one thread; {len(maps)} feature maps, {words} words")
    for heading in ("codec", "encode", "decode", "sizes only", "ratio"):
        table.add_column(heading, justify="left" if heading == "codec" else "right")
    for speed in speeds:
        rates = (speed.encode, speed.decode, speed.encoded_bits)
        cells = ["" if rate is None else f"{rate:.{0 if rate >= 10 else 2}f}" for rate in rates]
        table.add_row(speed.name, *cells, f"{speed.ratio:.2f}")
    return table


def _lossy_table(rows: Sequence[tuple[str, float, float, float]]) -> Table:
    table = Table(title="Million coefficients/s, one thread; vectors of 64 channels, 20 dB")
    for heading in ("codec", "encode", "decode", "bits/value"):
        table.add_column(heading, justify="left" if heading == "codec" else "right")
    for name, encode, decode, bits in rows:
        rates = [f"{rate:.{0 if rate >= 10 else 2}f}" for rate in (encode, decode)]
        table.add_row(name, *rates, f"{bits:.2f}")
    return table


@click.command()
@click.option(
    "--seconds",
    type=click.FloatRange(0, 60),
    default=0.5,
    show_default=True,
    help="Time for each of the three measurements of a codec.",
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the figures to a file, too.",
)
def bench(seconds: float, json_path: Path | None) -> None:
    """Measure the codecs in words/s on the embedded feature maps.

    Every map is a packet of its own. EBPC has m = n = 8 and z = 16, Rice codes signed differences;
    beside the maps, EBPC codes as many dense random words. What is printed is the best round, so
    that other work on the machine does not count.
    """
    maps = [feature_map.words.ravel() for feature_map in feature_maps.load()]
    progress = Console(stderr=True)
    speeds = [
        measure(contestant, maps, seconds)
        for contestant in track(list(contestants()), "Measuring", console=progress, transient=True)
    ]
    # without zeros and without correlation every block takes its longest way
    dense = np.random.default_rng(0).integers(-128, 128, sum(map(len, maps))).astype(np.int8)
    ebpc = replace(next(contestants()), name="EBPC, random words")
    speeds.insert(1, measure(ebpc, [dense], seconds))
    lossy = lossy_speeds(seconds)
    Console().print(_table(speeds, maps), _lossy_table(lossy))
    if json_path is not None:
        figures = {
            "unit": "million words/s",
            "machine": f"{platform.machine()}, {platform.system()}",
            "python": platform.python_version(),
            "numba": version("numba"),
            "speeds": [asdict(entry) for entry in speeds],
            "lossy": [dict(zip(LOSSY, row, strict=True)) for row in lossy],
        }
        json_path.write_text(json.dumps(figures, indent=2) + "\n")
