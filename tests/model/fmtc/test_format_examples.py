"""The FMTC examples of doc/format.md hold for both implementations."""

import re
from pathlib import Path

import numpy as np
import pytest

from fmcodec import fmtc
from fmcodec.fmtc import Context, DecoderContext, EncoderContext, codec, fast, reference
from fmcodec.fmtc.tile import faults, unpack_tile

FORMAT = (Path(__file__).parents[3] / "doc" / "format.md").read_text()


def examples(kind):
    blocks = re.findall(rf"^```{kind}\n((?:.+\n)+?)```$", FORMAT, re.MULTILINE)
    return [dict(re.findall(r"^(\w+): ?(.*)$", body, re.MULTILINE)) for body in blocks]


def words(text):
    return np.array([int(word, 16) for word in text.split()], np.uint32)


def rows(text, columns):
    return np.array(text.split(), np.int64).reshape(-1, columns)


def layer(kind):
    encoder, decoder = (examples(f"{kind} {side}")[0] for side in ("encoder", "decoder"))
    return Context(
        EncoderContext.from_words(words(encoder["words"])),
        DecoderContext.from_words(words(decoder["words"])),
    )


PAIR, BLOCKS = layer("fmtc-context"), layer("fmtc-blocks")
TILES = [
    (PAIR, examples("fmtc-tile")[0], "symbols"),
    (BLOCKS, examples("fmtc-blocks-tile")[0], "levels"),
]


@pytest.mark.parametrize("kind", ["fmtc-context", "fmtc-blocks"])
@pytest.mark.parametrize("side", ["encoder", "decoder"])
def test_context(kind, side):
    (example,) = examples(f"{kind} {side}")
    context = getattr(layer(kind), side)
    np.testing.assert_array_equal(context.to_words(), words(example["words"]))
    for name, text in example.items():
        if name != "words":
            got = np.ravel(getattr(context, name)).tolist()
            assert got == [int(v) for v in text.split()], name


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(("context", "example", "shown"), TILES)
def test_tile(model, context, example, shown):
    vectors = rows(example["vectors"], context.channels).astype(np.int8)
    encoder = context.encoder
    symbols, _ = model.quantise(encoder, model.forward(encoder, vectors))
    zero = encoder.zero_point if shown == "levels" else 0
    np.testing.assert_array_equal(
        symbols.astype(int) - zero, rows(example[shown], context.components)
    )
    payload = model.pack(encoder, symbols, False)
    payload = payload[0] if model is fast else payload
    np.testing.assert_array_equal(payload, words(example["words"])[1:-1])
    np.testing.assert_array_equal(context.encode(vectors)[0], words(example["words"]))


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(
    ("context", "example"),
    [*((c, e) for c, e, _ in TILES), (PAIR, examples("fmtc-raw")[0])],
)
def test_decoding(model, context, example):
    tile = unpack_tile(words(example["words"]))
    found = model.unpack(context.decoder, tile, tile.num_vectors)
    assert not faults(context.decoder, tile, tile.num_vectors, found, padding=True)
    decoded = model.inverse(context.decoder, found.levels)
    np.testing.assert_array_equal(decoded, rows(example["decoded"], context.channels))


@pytest.mark.parametrize("example", examples("fmtc-damaged context"))
def test_damaged_context(example):
    with pytest.raises(fmtc.DamagedStream) as caught:
        DecoderContext.from_words(words(example["words"]))
    assert f"{type(caught.value).__name__}: {caught.value}" == example["error"]


DAMAGED = [(PAIR, e) for e in examples("fmtc-damaged tile")]
DAMAGED += [(BLOCKS, e) for e in examples("fmtc-damaged blocks tile")]


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(("context", "example"), DAMAGED)
def test_damaged_tile(model, context, example):
    tile = unpack_tile(words(example["words"]))
    found = model.unpack(context.decoder, tile, tile.num_vectors)
    wrong = faults(context.decoder, tile, tile.num_vectors, found, padding=True)[0]
    assert f"{type(wrong).__name__}: {wrong}" == example["error"]
    with pytest.raises(type(wrong), match=re.escape(str(wrong))):
        context.decode_tile(words(example["words"]))


def test_a_length_that_was_not_asked_for():
    tile = words(TILES[0][1]["words"])
    _, wrong = codec.decode_leniently(PAIR.decoder, tile, 3)
    assert fmtc.LengthMismatch in map(type, wrong)
    with pytest.raises(fmtc.LengthMismatch, match="number of vectors must be 3, not 4"):
        PAIR.decode_tile(tile, 3)


def test_every_error_of_the_page_has_an_example():
    shown = {"LengthMismatch", "UnsupportedContext"}  # tests of their own
    for kind in ("context", "tile", "blocks tile"):
        shown |= {e["error"].split(":")[0] for e in examples(f"fmtc-damaged {kind}")}
    pattern = r"`(Bad\w+|Underrun|WordsLeftOver|\w+Mismatch|UnsupportedContext)`"
    assert set(re.findall(pattern, FORMAT[FORMAT.index("## FMTC") :])) == shown
