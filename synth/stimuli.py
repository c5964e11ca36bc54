"""What a core is given where its energy is measured: real maps, as beats at its ports."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fmcodec import feature_maps, fmtc
from fmcodec.fmtc import cycles, fast
from fmcodec_hw import catalog
from fmcodec_hw.codec import Config
from sim.fmtc import layers
from synth.activity import Source

__all__ = ["MAPS", "WORDS", "Stimulus", "packet", "sources", "stimulus"]

# By their zeros: the embedded map, its first words
MAPS = {
    "dense": "mobilenet_v2/stem",
    "typical": "mobilenet_v2/block3.depthwise",
    "sparse": "squeezenet_v1_0/fire9.expand3x3",
}
WORDS = 4096


@dataclass(frozen=True)
class Stimulus:
    """A packet for a core.

    Attributes:
        sources: the beats of every stream that enters.
        words: words of the map, or coefficients, that the packet holds.
        word_bits: bits of one.
        zeros: share of the words that are zero.
        limit: cycles that the packet takes at most.
        setup: beats that enter before, and whose cycles do not count;
        ready: the output that tells their end.
    """

    sources: list[Source]
    words: int
    word_bits: int
    zeros: float
    limit: int
    setup: list[Source]
    ready: str = ""


def stimulus(config: Config, core: str, kind: str) -> Stimulus:
    """The packet of one of `MAPS` for a core."""
    lossless = importlib.util.find_spec(f"sim.{config.codec}.packets") is not None
    made: Callable[..., Stimulus] = _lossless if lossless else _lossy
    return made(config, core, kind)


def packet(kind: str, word_bits: int) -> np.ndarray:
    """The words of a packet, one of `MAPS`, of a lossless codec's dtype."""
    return _map(kind).words.ravel()[:WORDS].astype(f"i{word_bits // 8}")


def _map(kind: str) -> feature_maps.FeatureMap:
    [found] = [m for m in feature_maps.load() if m.name == MAPS[kind]]
    return found


def _lossless(config: Config, core: str, kind: str) -> Stimulus:
    bits = config.params.word_bits
    words = packet(kind, bits)
    entering = sources(config, core, words)
    limit = 8 * max(map(len, entering)) + 8 * WORDS
    return Stimulus(entering, len(words), bits, float(np.mean(words == 0)), limit, [])


def sources(config: Config, core: str, words: np.ndarray) -> list[Source]:
    """What enters a core of a lossless codec with a packet: the beats of every stream."""
    packets = importlib.import_module(f"sim.{config.codec}.packets").Packets(config)
    bits = config.params.word_bits
    top = catalog.tops(config)[core]
    if core == "encoder":
        entering = _beats("s_axis", words.view(f"u{bits // 8}"), bits, 1)
        if "s_axis_tuser" in top.signature.members:
            user = {"tuser": np.full(len(words), packets.user)}
            entering = Source("s_axis", {**entering.fields, **user})
        return [entering]
    encoded = config.params.encode(words)
    length = Source("s_axis_len", {"tdata": np.array([len(words) - 1])})
    streams = [
        _beats(prefix, stream, bits, top.signature.members[f"{prefix}_tdata"].shape // bits)
        for name, stream in packets.streams(encoded).items()
        for prefix in [f"s_axis_{name}"]
    ]
    return [length, *streams]


def _beats(prefix: str, words: np.ndarray, bits: int, lanes: int) -> Source:
    """Beats of `lanes` words, the first one lowest; only the last beat may be partial."""
    count = -(-len(words) // lanes)
    padded = np.zeros((count, lanes), np.uint64)
    padded.ravel()[: len(words)] = words
    kept = np.arange(count * lanes).reshape(count, lanes) < len(words)
    shifts = np.arange(lanes, dtype=np.uint64) * np.uint64(bits)
    fields = {
        "tdata": np.bitwise_or.reduce(padded << shifts, axis=1),
        "tlast": np.arange(count) == count - 1,
    }
    if lanes > 1:
        bytes_kept = np.repeat(kept, bits // 8, axis=1)
        fields["tkeep"] = (bytes_kept << np.arange(bytes_kept.shape[1])).sum(axis=1)
    return Source(prefix, fields)


def _lossy(config: Config, core: str, kind: str) -> Stimulus:
    """A tile of a map whose layer is calibrated on it; the context is loaded before."""
    params, folded = config.params, bool(config.options.get("folded")) and core == "encoder"
    found = layers.coded(_layer(kind), params, WORDS // params.channels)
    if found is None:
        raise ValueError(f"map {MAPS[kind]} must have vectors for {config.id}")
    context, vectors = found
    encoder = context.encoder.folded() if folded else context.encoder
    given = fast.forward(context.encoder, vectors) if folded else vectors
    ctx = encoder if core == "encoder" else context.decoder
    setup = _beats("s_axis_ctx", ctx.to_words(), 32, 1)
    if core == "encoder":
        header = np.array([len(vectors) - 1 << 16 | context.tag])
        values = given.ravel()
        raw = values.view(f"u{values.itemsize}")
        entering = [
            Source("s_axis_tile", {"tdata": header}),
            _beats("s_axis", raw, 8 * values.itemsize, 1),
        ]
    else:
        model = fmtc.Encoder(params)
        model.load(context.encoder.to_words())
        words = model.encode_tile(vectors, context.tag)[0]
        length = Source("s_axis_len", {"tdata": np.array([len(vectors) - 1])})
        entering = [length, _beats("s_axis", words, 32, 1)]
    limit = cycles.context_cycles(params, len(setup))
    limit += cycles.bound(params, [len(vectors)], context.components, folded=folded)
    origin = _layer(kind).origin
    zeros = float(np.mean(vectors == origin))
    count = len(vectors) * context.components
    return Stimulus(entering, count, 8, zeros, limit, [setup], "status_context_loaded")


def _layer(kind: str) -> layers.Layer:
    """A map as int8 activations; an unsigned one's zero is -128, as networks have it."""
    found = _map(kind)
    origin = 0 if found.signed else -128
    maps = (found.words.view(np.uint8) + np.uint8(origin % 256)).view(np.int8)[None]
    return layers.Layer(found.name, maps, maps, origin, origin, 127)
