"""Sample vectors and contexts that several tests share."""

import zlib
from dataclasses import replace
from functools import cache

import numpy as np

from fmcodec.fmtc import Context, DecoderContext, EncoderContext, Params, calibrate

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
    """One context for every shape that coding can take; "... rice" is coded by Rice."""
    samples = correlated(4000)
    shape, _, coder = kind.partition(" ")
    settings = {
        "pca": {"bits": 5.5},
        "relu": {"snr_db": 18.0, "low": 0, "high": 96},
        "eye": {"variant": "eye", "bits": 6, "origin": -20, "low": -20},
        "dct4": {"variant": "dct4", "snr_db": 14.0, "origin": -20},
        "pca_q": {"variant": "pca_q", "entry_bits": 4, "bits": 4},
        "pca_t": {"variant": "pca_t", "snr_db": 15.0},
        "ratio": {"variant": "pca_t", "variance_ratio": 0.9, "bits": 6.3},
        "long": {"bits": 7.9},
    }[shape]
    params = Params(
        16,
        coder=coder or "huffman",
        matrix_bits=10 if shape == "pca" else 8,
        max_code_bits=15 if shape == "long" else 12,
        tables=3,
    )
    return calibrate(samples, params, **settings)


KINDS = (
    *("pca", "relu", "eye", "dct4", "pca_q", "pca_t", "ratio", "long"),
    *("pca rice", "dct4 rice", "eye rice", "pca_t rice"),
)


SHARED = {
    "transform": "matrix",
    "coder": "huffman",
    "channels": 2,
    "components": 2,
    "q_max": 5,
    "zero_point": 2,
    "boundaries": (1,),
    "lengths": np.array([[4, 3, 2, 2, 3, 4, 3], [5, 3, 2, 2, 4, 5, 2]], np.uint8),
    "tag": 0x1234,
}


def small_encoder(**changes):
    """The two-channel encoder context of doc/format.md, or a variation of it."""
    fields = {
        **SHARED,
        "shift": np.full(2, 2, np.int32),
        "scale": np.full(2, 128, np.int32),
        "bias": np.array([1258, 538], np.int32),
        "matrix": np.array([[90, 90], [90, -90]], np.int16),
        "end_before": 2,
    }
    return EncoderContext(**(fields | changes))


def small_decoder(**changes):
    """The two-channel decoder context of doc/format.md, or a variation of it."""
    fields = {
        **SHARED,
        "inverse_shift": 12,
        "inverse_scale": 128,
        "offset": np.array([10 << 12, 4 << 12], np.int32),
        "low": 0,
        "matrix": np.array([[90, 90], [90, -90]], np.int16),
    }
    return DecoderContext(**(fields | changes))


BLOCKS = {
    "transform": "dct4",
    "coder": "rice",
    "channels": 16,
    "components": 16,
    "q_max": 254,
    "zero_point": 127,
    "boundaries": (1, 4),
    "lengths": np.zeros((0, 256), np.uint8),
    "tag": 0x0D44,
}


def block_context(**changes):
    """The contexts of doc/format.md for 4x4 blocks and Rice codes, step 6."""
    kinds = [(k & 1) + (k >> 2 & 1) for k in range(16)]
    shared = BLOCKS | changes
    return Context(
        EncoderContext(
            **shared,
            shift=np.array([[3, 4, 4][kind] for kind in kinds], np.int32),
            scale=np.array([[171, 216, 137][kind] for kind in kinds], np.int32),
            bias=np.array([-4] + [0] * 15, np.int32),
            matrix=np.zeros((0, 16), np.int16),
        ),
        DecoderContext(
            **shared,
            inverse_shift=12,
            inverse_scale=205,
            offset=np.zeros(16, np.int32),
            matrix=np.zeros((0, 16), np.int16),
        ),
    )


def retagged(layer, tag):
    """The same context under another tag."""
    return Context(replace(layer.encoder, tag=tag), replace(layer.decoder, tag=tag))


def sealed(words):
    """A context's or tile's words with the CRC that belongs to them."""
    words = np.array(words, dtype=np.uint32)
    words[-1] = zlib.crc32(words[:-1].astype("<u4").tobytes())
    return words
