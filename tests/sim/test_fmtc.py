"""FMTC's contexts and tiles for the benches: sound where they are to be, and every fault occurs."""

import numpy as np
import pytest

from fmcodec.errors import DamagedStream
from fmcodec.fmtc import (
    BadChecksum,
    BadCodeLengths,
    BadField,
    BadMagic,
    BadPadding,
    BadRun,
    BadSymbol,
    BadVersion,
    ContextMismatch,
    DecoderContext,
    EncoderContext,
    LengthMismatch,
    Params,
    Underrun,
    UnsupportedContext,
    WordsLeftOver,
    codec,
    fast,
)
from sim.fmtc import contexts, tiles

BUILDS = {
    "none rice": Params(16, "none", "rice", tables=8),
    "none huffman": Params(32, "none", max_code_bits=15),
    "dct4 rice": Params(16, "dct4", "rice"),
    "dct4 huffman": Params(16, "dct4", q_max=40),
    "matrix": Params(64),
    "matrix 10": Params(16, matrix_bits=10, tables=8),
}


def built(name: str, folded: bool, rng: np.random.Generator, count: int):
    for _ in range(count):
        yield contexts.make(BUILDS[name], rng, folded=folded, long_codes=rng.random() < 0.3)


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("name", BUILDS)
def test_contexts_are_sound_and_held_by_the_build(name, folded):
    rng = np.random.default_rng(1)
    for pair in built(name, folded, rng, 60):
        for kind, context in ((EncoderContext, pair.encoder), (DecoderContext, pair.decoder)):
            words = context.to_words()
            assert kind.from_words(words, BUILDS[name]).tag == pair.tag


@pytest.mark.parametrize("name", [name for name in BUILDS if "rice" not in name])
def test_long_codes_are_the_longest_that_the_build_holds(name):
    rng = np.random.default_rng(2)
    params = BUILDS[name]
    for _ in range(10):
        context = contexts.make(params, rng, long_codes=True).encoder
        assert (context.lengths[:, context.zero_point] == params.max_code_bits).all()


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("name", ["none rice", "none huffman", "dct4 rice", "matrix"])
def test_kinds_of_vectors_are_what_they_are_for(name, folded):
    rng = np.random.default_rng(3)
    zeros: dict[str, list[float]] = {kind: [] for kind in tiles.KINDS}
    for pair in built(name, folded, rng, 40):
        for kind in tiles.KINDS:
            given = tiles.vectors(pair, kind, 20, rng)
            acc = given if folded else fast.forward(pair.encoder, given)
            symbols, _ = fast.quantise(pair.encoder, acc)
            zeros[kind].append(float(np.mean(symbols == pair.encoder.zero_point)))
    share = {kind: np.mean(found) for kind, found in zeros.items()}
    assert share["flat"] > 0.95
    assert share["random"] < 0.5
    assert share["extremes"] < 0.55
    assert share["random"] < share["decay"] < share["flat"]


CONTEXT_FAULTS = {
    *(BadMagic, BadVersion, Underrun, WordsLeftOver, BadChecksum, BadField, BadPadding),
    *(BadCodeLengths, UnsupportedContext),
}
TILE_FAULTS = {
    *(Underrun, WordsLeftOver, BadChecksum, ContextMismatch, LengthMismatch, BadSymbol),
}


# every value of these fields is sound in a decoder's context
SOUND = {EncoderContext: set(), DecoderContext: {"word 3, shift", "word 3, scale", "scale of 127"}}


@pytest.mark.parametrize("side", SOUND)
def test_every_fault_of_a_context_occurs(side):
    rng = np.random.default_rng(4)
    found: dict[type, set[str]] = {}
    for name, params in BUILDS.items():
        for pair in built(name, False, rng, 20):
            good = (pair.encoder if side is EncoderContext else pair.decoder).to_words()
            for fault, damage in contexts.FAULTS.items():
                try:
                    side.from_words(damage(good.copy(), rng), params)
                except DamagedStream as error:
                    found.setdefault(type(error), set()).add(fault)
    assert set(found) == CONTEXT_FAULTS
    assert set().union(*found.values()) == set(contexts.FAULTS) - SOUND[side]


@pytest.mark.parametrize("name", BUILDS)
def test_every_fault_of_a_tile_occurs(name):
    rng = np.random.default_rng(5)
    found: dict[type, set[str]] = {}
    for pair in built(name, False, rng, 60):
        count = int(rng.integers(1, 30))
        symbols = tiles.symbols(pair, "mixed", count, rng)
        good = tiles.tile(pair, symbols, raw=rng.random() < 0.2)
        assert np.array_equal(
            pair.decoder.decode_tile(good, count),
            fast.inverse(pair.decoder, symbols.astype(np.int16) - pair.decoder.zero_point),
        )
        for fault, damage in tiles.FAULTS.items():
            words, asked = damage(good.copy(), count, rng)
            for error in codec.decode_leniently(pair.decoder, words, asked)[1]:
                found.setdefault(type(error), set()).add(fault)
    expected = TILE_FAULTS | ({BadRun} if BUILDS[name].coder == "rice" else set())
    assert set(found) == expected
    assert set().union(*found.values()) == set(tiles.FAULTS)
