"""Software peers of Rice and of delta coding: CCSDS 121 (AEC) and JPEG-LS, by imagecodecs.

AEC is a Rice coder of blocks with the best parameter for each, sent along; JPEG-LS predicts a word
from three neighbours of this line and the last, in 365 contexts that adapt. Both are given what
suits them best: AEC the smallest of its block sizes with and without prediction, both the words as
signed or as unsigned numbers, whichever is smaller, a map at a time.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fmcodec.codecs import get_codec
from fmcodec.errors import require
from fmcodec_eval.files import written_aside
from fmcodec_eval.report.plan import Progress, codec_config
from fmcodec_eval.results.markdown import markdown_table
from fmcodec_eval.results.measurements import EBPC8, EBPC16, NAMES, deployed_sources

__all__ = ["aec_bits", "jpegls_bits", "measure_yardsticks", "table"]

IMAGES = 8  # of each network
BLOCKS = (8, 16, 32)
PREPROCESS = 8  # AEC's flag of prediction


def _views(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """8-bit words as unsigned numbers in their own order: as they are, and two's complement."""
    patterns = words.view(np.uint8)
    return patterns, patterns ^ np.uint8(0x80)


def aec_bits(words: np.ndarray) -> int:
    """Bits of a map by CCSDS 121, words one behind the other; int8 of any shape."""
    codecs = require("imagecodecs", "yardsticks", "the yardsticks")
    sizes = [
        len(codecs.aec_encode(view.ravel(), bitspersample=8, flags=flags, blocksize=block, rsi=128))
        for view in _views(words)
        for flags in (PREPROCESS, 0)
        for block in BLOCKS
    ]
    return 8 * min(sizes)


def jpegls_bits(words: np.ndarray) -> int:
    """Bits of a map by JPEG-LS, its channels below one another; int8, (channels, height, width)."""
    codecs = require("imagecodecs", "yardsticks", "the yardsticks")
    picture = [view.reshape(-1, words.shape[-1]) for view in _views(words)]
    return 8 * min(len(codecs.jpegls_encode(np.ascontiguousarray(each))) for each in picture)


def measure_yardsticks(data: Path, folder: Path, progress: Progress) -> dict[str, dict[str, int]]:
    """Bits of the deployed networks' maps, by network and codec; kept in folder/yardsticks.json."""
    kept = folder / "yardsticks.json"
    if kept.exists():
        return json.loads(kept.read_text())
    peers = {"raw": lambda w: 8 * w.size, "aec": aec_bits, "jpegls": jpegls_bits}
    ours = {name: get_codec(codec_config(name)) for name in (EBPC8, EBPC16, "rice")}
    found: dict[str, dict[str, int]] = {}
    for spec in deployed_sources(data):
        source = spec.open()
        bits = dict.fromkeys([*peers, *ours], 0)
        count = min(len(source), IMAGES)
        for index in range(count):
            progress(f"{source.name}: yardsticks", index, count)
            for captured in source.maps(index):
                if captured.zero_point is None:
                    continue
                words = np.ascontiguousarray(
                    (captured.values.astype(np.int16) - captured.zero_point).astype(np.int8)
                )
                for name, measure in peers.items():
                    bits[name] += measure(words)
                for name, codec in ours.items():
                    bits[name] += codec.encoded_bits(words.ravel())
        progress(f"{source.name}: yardsticks", count, count)
        found[source.name] = bits
    with written_aside(kept) as aside:
        aside.write_text(json.dumps(found, indent=1))
    return found


def table(found: dict[str, dict[str, int]]) -> str:
    """Markdown: ratios of the peers beside those of EBPC and Rice."""
    names = (EBPC8, EBPC16, "rice", "aec", "jpegls")
    rows = []
    for network, bits in found.items():
        ratios = {name: bits["raw"] / bits[name] for name in names}
        best = max(ratios, key=lambda name: ratios[name])
        cells = [f"**{ratios[n]:.2f}**" if n == best else f"{ratios[n]:.2f}" for n in names]
        rows.append([NAMES[network], *cells])
    heads = ["network", "EBPC, 8", "EBPC, 16", "Rice", "AEC (CCSDS 121)", "JPEG-LS"]
    return markdown_table(heads, rows, 1)
