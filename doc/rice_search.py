"""What each part of Rice is worth: the ratio of variants of stream format 1.0 on real networks.

A size model with knobs, set to format 1.0 (doc/format.md), is run with one knob changed at a time.
The format was tuned on half of the networks; the other half says what the choice is worth.

    python doc/rice_search.py --data ../shared/data
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from itertools import product
from pathlib import Path

import click
import numba
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fmcodec_eval.capture.source import SourceSpec
from fmcodec_eval.capture.speech import spoken_words
from fmcodec_eval.formats import Deployed, Fixed, Order, parse_format

PHOTOS, SMALL, SPOKEN = "photographs", "cifar", "spoken"
TUNING = {
    "mobilenet_v2_1.0_224_quant.tflite": PHOTOS,
    "resnet8_cifar10_quant.tflite": SMALL,
    "squeezenet_v1_0.npz": PHOTOS,
}
OTHERS = {
    "vww_mobilenet_v1_int8.tflite": PHOTOS,
    "kws_dscnn_quant.tflite": SPOKEN,
    "resnet20_cifar10.npz": SMALL,
    "mobilenet_v2.npz": PHOTOS,
}


@dataclass(frozen=True)
class Knobs:
    """A format; the defaults are 1.0's for words of 8 bits and more."""

    fraction: int = 2  # bits of K below k
    up2: int = 2  # K for quotients 2 and 3
    up4: int = 4  # K for larger ones
    raw_up: int = 0  # K for raw words with the top bit
    cap: int = 8  # ones of an escape
    mirrored: int = 1  # fold: 1 knows the range, 0 is zigzag modulo M
    less: int = 1  # unsigned, p = 0: e - 1
    slot: int = 1  # 1: zero's place moves; 0: it is the first
    max_slot: int = 31
    runs: int = 1  # 1: kr adapts; 0: kr is 2
    max_run: int = 11


VARIANTS = {
    "format 1.0": Knobs(),
    "K without fraction": Knobs(fraction=0, up2=1, up4=1),
    "K of 6 bits: -1, 0, +4, +8 of 8ths": Knobs(fraction=3, up2=4, up4=8),
    "quotients 2, 3: +1 (no bound)": Knobs(up2=1),
    "quotients 4 and more: +2": Knobs(up4=2),
    "raw: +1 for large words": Knobs(raw_up=1),
    "escape after 7 ones": Knobs(cap=7),
    "escape after 6 ones": Knobs(cap=6),
    "zigzag modulo M": Knobs(mirrored=0, less=0),
    "e as it is where p = 0": Knobs(less=0),
    "slot of zero fixed": Knobs(slot=0),
    "slot at most 2": Knobs(max_slot=23),
    "slot at most 1": Knobs(max_slot=15),
    "runs of 4, fixed": Knobs(runs=0),
    "runs to 128": Knobs(max_run=15),
}


@numba.njit(cache=True)
def _fold(x, p, signed, mirrored, m):
    size = 1 << m
    if signed or not mirrored:
        d = (x - p) & (size - 1)
        return 2 * d if d < size >> 1 else 2 * (size - d) - 1
    if p >= size >> 1:
        x, p = size - 1 - x, size - 1 - p
    d = x - p
    return x if x > 2 * p else 2 * d if d >= 0 else -2 * d - 1


@numba.njit(cache=True)
def _bits(words, m, signed, delta, knobs):
    fraction, up2, up4, raw_up, cap, mirrored, less, slot, max_slot, runs, max_run = knobs
    top, K, Z, R = (m << fraction) - 1, m << fraction >> 1, 8 * slot, 4
    bits, i, previous, direct = 3, 0, 0, False
    while i < len(words):
        x, k, z, kr = words[i], K >> fraction, Z >> 3, R >> 1
        p = previous if delta else 0
        i += 1
        if k == m - 1:
            e = _fold(x, p, signed, mirrored, m)
            bits += m
            K = min(K + raw_up, top) if e >> (m - 1) else K - 1
            previous = x
        elif x == 0 and not direct:
            end = min(i + (1 << kr), len(words))
            start = i
            while i < end and words[i] == 0:
                i += 1
            full = i == len(words) or i - start == 1 << kr
            direct = not full
            bits += z + 2 + (0 if full else kr)
            R = R if not runs else min(R + 1, max_run) if full else max(R - 1, 0)
            Z, previous = max(Z + 1 - (2 << z), 0), 0
        else:
            e = _fold(x, p, signed, mirrored, m) - (1 if less and p == 0 and not signed else 0)
            q = e >> k
            ones = q + (1 if q >= z and not direct else 0)
            bits += cap + m if ones >= cap else ones + 1 + k
            K += -1 if q == 0 else 0 if q == 1 else up2 if q < 4 else up4
            K = min(max(K, 0), top)
            Z, previous, direct = min(Z + slot, max_slot), x, False
    return bits


def layers(data: Path, name: str, inputs: str, images: int, form: str) -> Iterator[list]:
    """The maps of each layer of a network, words (channels, height, width)."""
    with tempfile.TemporaryDirectory() as folder:
        if inputs == PHOTOS:
            every = sorted((data / "images").glob("*.JPEG"))
            for path in every[:: len(every) // images][:images]:
                (Path(folder) / path.name).symlink_to(path)
        else:
            arrays = np.load(data / "cifar10_test1000.npz")
            stored = spoken_words()[0] if inputs == SPOKEN else arrays[arrays.files[0]]
            np.save(Path(folder) / "inputs.npy", stored[:images])
            folder = str(Path(folder) / "inputs.npy")
        source = SourceSpec(str(data / "models" / name), folder).open()
        maps: dict[str, list] = {}
        for index in range(len(source)):
            for captured in source.maps(index):
                maps.setdefault(captured.layer, []).append(captured)
    for captured in maps.values():
        largest = max(m.maximum() for m in captured)
        own = Deployed() if captured[0].zero_point is not None else Fixed(8)
        format_ = own if form == "8" else parse_format(form)
        yield [m.words(format_, largest) for m in captured]


def packets(words: np.ndarray, order: str, m: int) -> list[np.ndarray]:
    """The packets of a map as numbers 0 .. 2**m - 1; `64` cuts the map into 64 words each."""
    whole = list(Order("nchw" if order == "64" else order).packets(words))
    if order == "64":
        whole = np.array_split(whole[0], range(64, len(whole[0]), 64))
    return [packet.astype(np.int64) & (1 << m) - 1 for packet in whole]


def ratio(network: list[list], order: str, knobs: Knobs, m: int = 8) -> float:
    """Words' bits by coded bits, the flags chosen for each layer."""
    raw = coded = 0
    for maps in network:
        cut = [packet for words in maps for packet in packets(words, order, m)]
        if m == 16:  # the sign last
            cut = [(packet << 1 | packet >> 15) & 0xFFFF for packet in cut]
        raw += m * sum(map(len, cut))
        flags = product((False, True), repeat=2)
        coded += min(sum(_bits(p, m, *flag, astuple(knobs)) for p in cut) for flag in flags)
    return raw / coded


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True
)
@click.option("--images", type=click.IntRange(1), default=2, show_default=True)
def main(data: Path, images: int) -> None:
    """Print the tables of doc/rice.md."""
    names = {**TUNING, **OTHERS}
    halves = {
        n: list(layers(data, n, i, images, "8")) for n, i in track(names.items(), "Capturing")
    }
    console = Console(width=120)

    table = Table("variant", "tuned on, NCHW", "others, NCHW", "others, tiles", title="Change, %")
    columns = [(TUNING, "nchw"), (OTHERS, "nchw"), (OTHERS, "tile:8x8x16")]
    base: list[np.ndarray] = []
    for title, knobs in track(VARIANTS.items(), "Variants"):
        found = [
            np.array([ratio(halves[n], order, knobs) for n in half]) for half, order in columns
        ]
        base = base or found
        changes = [100 * (now / then - 1).mean() for now, then in zip(found, base, strict=True)]
        table.add_row(title, *(f"{change:+.1f}" for change in changes))
    console.print(table)

    table = Table("network", "NCHW", "tiles 8x8x16", "64 words", "NHWC", "bf16", title="Ratio")
    for name, inputs in track(names.items(), "Orders"):
        orders = ("nchw", "tile:8x8x16", "64", "nhwc")
        cells = [f"{ratio(halves[name], order, Knobs()):.2f}" for order in orders]
        half = list(layers(data, name, inputs, 1, "bfloat16")) if name.endswith(".npz") else None
        cells.append(f"{ratio(half, 'nchw', Knobs(), 16):.2f}" if half else "")
        table.add_row(name, *cells)
    console.print(table)


if __name__ == "__main__":
    main()
