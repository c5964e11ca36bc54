"""Sample vectors and contexts that several tests share."""

import zlib
from functools import cache

import numpy as np

from fmcodec.fmtc import Context, Params, calibrate

PARAMS = Params(channels=16, tables=3)


def correlated(vectors, channels=16, seed=0, spread=12.0):
    """int8 vectors with a falling spectrum."""
    rng = np.random.default_rng(seed)
    mixing = np.linalg.qr(rng.normal(size=(channels, channels)))[0]
    source = rng.normal(size=(vectors, channels)) * 0.7 ** np.arange(channels)
    values = source @ mixing * spread * np.sqrt(channels) - 3
    return np.clip(np.rint(values), -128, 127).astype(np.int8)


@cache
def context(kind="pca"):
    """One context for every shape that coding can take."""
    samples = correlated(4000)
    settings = {
        "pca": {"bits": 5.5},
        "relu": {"snr_db": 18.0, "low": 0, "high": 96},
        "eye": {"variant": "eye", "bits": 6, "origin": -20, "low": -20},
        "pca_q": {"variant": "pca_q", "entry_bits": 4, "bits": 4},
        "pca_t": {"variant": "pca_t", "snr_db": 15.0},
        "ratio": {"variant": "pca_t", "variance_ratio": 0.9, "bits": 6.3},
        "long": {"bits": 7.9},
    }[kind]
    wide = {"pca": 10, "relu": 8}.get(kind, 8)
    params = Params(16, wide, 254, 15 if kind == "long" else 12, 3)
    return calibrate(samples, params, **settings)


KINDS = ("pca", "relu", "eye", "pca_q", "pca_t", "ratio", "long")


def small_context(**changes):
    """The two-channel context of doc/format.md, or a variation of it."""
    fields = {
        "matrix": np.array([[90, 90], [90, -90]], np.int16),
        "bias": np.array([1260, 540], np.int32),
        "offset": np.array([10 << 20, 4 << 20], np.int32),
        "lengths": np.array([[3, 3, 2, 2, 3, 3], [5, 3, 1, 2, 4, 5]], np.uint8),
        "boundaries": (1,),
        "scale": 32768,
        "shift": 24,
        "inverse_scale": 32768,
        "inverse_shift": 20,
        "zero_point": 2,
        "low": 0,
        "max_code_bits": 8,
    }
    return Context(**(fields | changes))


def sealed_tile(words):
    """A tile's words with the CRC that belongs to them."""
    words = words.copy()
    head = zlib.crc32(words[:3].astype("<u4").tobytes())
    words[3] = zlib.crc32(words[4:].astype("<u4").tobytes(), head)
    return words


def sealed_context(words):
    """A context's words with the CRC that belongs to them."""
    words = words.copy()
    words[-1] = zlib.crc32(words[:-1].astype("<u4").tobytes())
    return words
