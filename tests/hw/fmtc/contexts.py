"""Contexts drawn at random for a build, and what can be wrong with them."""

from __future__ import annotations

import random
import zlib

import numpy as np

from fmcodec.errors import DamagedStream
from fmcodec.fmtc import DecoderContext, EncoderContext, Params, huffman
from fmcodec.fmtc.fields import DCT4_CLASS

Words = np.ndarray


def draw(
    rng: random.Random, params: Params, side: str, **changes
) -> EncoderContext | DecoderContext:
    """A sound context of a build whose every field is drawn."""
    transform = "folded" if side == "folded" else params.transform
    channels = params.channels
    cut = transform in ("matrix", "folded")
    components = rng.choice([channels, rng.randint(1, channels)]) if cut else channels
    q_max = rng.choice([params.q_max, rng.randint(1, params.q_max)])
    rice = params.coder == "rice"
    first, last = (max(q_max - 127, 0), min(q_max, 128)) if rice else (0, q_max)
    groups = rng.randint(1, min(params.tables, components))
    limit = 1 << params.matrix_bits - 1
    shared = {
        "transform": transform,
        "coder": params.coder,
        "channels": channels,
        "components": components,
        "q_max": q_max,
        "zero_point": rng.randint(first, last),
        "boundaries": tuple(sorted(rng.sample(range(1, components), groups - 1))),
        "lengths": _lengths(rng, 0 if rice else groups, q_max + 2, params.max_code_bits),
        "matrix_bits": params.matrix_bits if transform == "matrix" else 8,
        "tag": rng.getrandbits(15),
    }
    rows = (channels, components) if side == "decoder" else (components, channels)
    if transform != "matrix":
        rows = (0, rows[1])
    entries = [rng.randrange(-limit, limit) for _ in range(rows[0] * rows[1])]
    shared["matrix"] = np.array(entries, np.int16).reshape(rows)
    own = _decoder(rng, transform, channels) if side == "decoder" else _encoder(rng, shared)
    kind = DecoderContext if side == "decoder" else EncoderContext
    return kind(**{**shared, **own, **changes})


def _lengths(rng: random.Random, tables: int, symbols: int, longest: int) -> np.ndarray:
    rows = [
        huffman.code_lengths([1 + int(rng.expovariate(1) ** 6) for _ in range(symbols)], longest)
        for _ in range(tables)
    ]
    return np.array(rows, np.uint8).reshape(tables, symbols)


def _bias(rng: random.Random) -> int:
    return rng.choice([0, rng.randrange(-1 << 10, 1 << 10), rng.randrange(-1 << 23, 1 << 23)])


def _encoder(rng: random.Random, shared) -> dict:
    count, transform = shared["components"], shared["transform"]

    def pair():
        return rng.randrange(16) if rng.random() < 0.3 else rng.randrange(4, 10), rng.randint(
            128, 255
        )

    if transform == "dct4":
        kinds = [pair() for _ in range(3)]
        pairs = [kinds[kind] for kind in DCT4_CLASS]
    else:
        pairs = [pair() for _ in range(count)] if rng.random() < 0.5 else [pair()] * count
    uniform, first = [_bias(rng)] * count, [_bias(rng)] + [0] * (count - 1)
    own = [_bias(rng) for _ in range(count)]
    bias = {"none": uniform, "dct4": first, "matrix": own, "folded": [0] * count}[transform]
    shift, scale = np.array(pairs, np.int32).T.copy()
    last = 0 if shared["coder"] == "rice" else count
    return {
        "shift": shift,
        "scale": scale,
        "bias": np.array(bias, np.int32),
        "end_before": rng.choice([0, last, rng.randint(0, last)]),
    }


def _decoder(rng: random.Random, transform: str, channels: int) -> dict:
    low = rng.randint(-128, 127)
    own = [_bias(rng) for _ in range(channels)]
    return {
        "inverse_shift": rng.randrange(16),
        "inverse_scale": rng.randint(1, 255),
        "offset": np.array(own if transform == "matrix" else own[:1] * channels, np.int32),
        "low": low,
        "high": rng.randint(low, 127),
    }


def sealed(words: Words) -> Words:
    """The words with the CRC that belongs to them."""
    words = np.array(words, np.uint32)
    words[-1] = zlib.crc32(words[:-1].astype("<u4").tobytes())
    return words


def damaged(rng: random.Random, words: Words) -> Words:
    """The words with something changed, mostly of the header, mostly under a right CRC."""
    words = words.copy()
    place = rng.choice([rng.randrange(min(5, len(words))), rng.randrange(len(words))])
    kind = rng.randrange(6)
    if kind < 2:
        words[place] ^= np.uint32(1 << rng.randrange(32))
    elif kind == 2:
        at = rng.randrange(4) * 8
        byte = rng.choice([0, 1, 127, 128, 254, 255, rng.randrange(256)])
        words[place] = int(words[place]) & ~(255 << at) & 0xFFFFFFFF | byte << at
    elif kind == 3:
        words = words[: rng.randint(1, len(words) - 1)]
    elif kind == 4:
        words = np.append(words, np.uint32(rng.getrandbits(32)))
    else:
        words[place] ^= np.uint32(1 << rng.randrange(32))
        return words
    return sealed(words) if rng.random() < 0.9 and len(words) > 1 else words


def read(words: Words, params: Params, side: str) -> EncoderContext | DecoderContext | None:
    """The context that a build makes of any words, None where it refuses them."""
    kind = DecoderContext if side == "decoder" else EncoderContext
    try:
        context = kind.from_words(words, params)
    except DamagedStream:
        return None
    # a build of the model takes folded contexts beside others, a core takes one or the other
    return context if (context.transform == "folded") == (side == "folded") else None
