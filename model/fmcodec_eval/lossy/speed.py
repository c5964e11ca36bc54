"""Coefficients per second of FMTC, for `fmcodec bench`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from fmcodec.fmtc import codec, reference
from fmcodec.fmtc.calibrate import calibrate
from fmcodec.fmtc.context import Context
from fmcodec.fmtc.params import Params
from fmcodec.fmtc.tile import Tile

__all__ = ["speeds"]

VECTORS = 1 << 15
REFERENCE_VECTORS = 64


def speeds(seconds: float = 0.5, channels: int = 64) -> list[tuple[str, float, float, float]]:
    """Name, million coefficients/s of encoding and of decoding, and bits a coefficient.

    Vectors are Gaussian with a falling spectrum, int8, quantised for 20 dB; the inverse clamps as
    a ReLU does. What is timed goes from vectors to tiles with their CRC, and back.

    Args:
        seconds: time for each measurement.
        channels: length of a vector.
    """
    random = np.random.default_rng(0)
    basis = np.linalg.qr(random.normal(size=(channels, channels)))[0]
    values = random.normal(size=(VECTORS, channels)) * 0.9 ** np.arange(channels) @ basis * 40
    vectors = np.clip(np.rint(values), -128, 127).astype(np.int8)
    rows = []
    for variant, coder in (("pca", "huffman"), ("pca_t", "huffman"), ("pca_t", "rice")):
        params = Params(channels, coder=coder)
        context = calibrate(vectors, params, variant=variant, snr_db=20.0, low=0)
        encoded = context.encode(vectors)
        encode = _rate(partial(context.encode, vectors), vectors.size, seconds)
        decode = _rate(partial(context.decode, encoded), vectors.size, seconds)
        title = f"FMTC, {coder}, {context.components} of {channels} components"
        rows.append((title, encode, decode, encoded.bits / vectors.size))
    few = vectors[:REFERENCE_VECTORS]
    tile = _reference_tile(context, few)
    encode = _rate(partial(_reference_tile, context, few), few.size, seconds)
    decode = _rate(partial(_reference_back, context, tile), few.size, seconds)
    rows.append((f"{title}, readable", encode, decode, 32 * len(tile.payload) / few.size))
    return rows


def _reference_tile(context: Context, vectors: codec.Vectors) -> Tile:
    symbols, _ = reference.quantise(context.encoder, reference.forward(context.encoder, vectors))
    return Tile(len(vectors), False, context.tag, reference.pack(context.encoder, symbols))


def _reference_back(context: Context, tile: Tile) -> codec.Vectors:
    found = reference.unpack(context.decoder, tile, tile.num_vectors)
    return reference.inverse(context.decoder, found.levels)


def _rate(function: Callable[[], Any], coefficients: int, seconds: float) -> float:
    """Million coefficients/s of the best round in `seconds`, one round at least."""
    function()
    best, end = float("inf"), perf_counter() + seconds
    while True:
        start = perf_counter()
        function()
        now = perf_counter()
        best = min(best, now - start)
        if now >= end:
            return coefficients / best / 1e6
