"""The FMTC examples of doc/format.md hold for both implementations."""

import re
from pathlib import Path

import numpy as np
import pytest

from fmcodec import fmtc
from fmcodec.fmtc import Context, fast, reference
from fmcodec.fmtc.tile import unpack_tile

FORMAT = (Path(__file__).parents[3] / "doc" / "format.md").read_text()


def examples(kind):
    blocks = re.findall(rf"^```{kind}\n((?:.+\n)+?)```$", FORMAT, re.MULTILINE)
    return [dict(re.findall(r"^(\w+): ?(.*)$", body, re.MULTILINE)) for body in blocks]


def words(text):
    return np.array([int(word, 16) for word in text.split()], np.uint32)


def rows(text):
    return np.array(text.split(), np.int64).reshape(-1, 2)


(CONTEXT,) = examples("fmtc-context")
LAYER = Context.from_words(words(CONTEXT["words"]))


def test_context():
    np.testing.assert_array_equal(LAYER.to_words(), words(CONTEXT["words"]))
    for name, text in CONTEXT.items():
        if name != "words":
            assert np.ravel(getattr(LAYER, name)).tolist() == [int(v) for v in text.split()], name


@pytest.mark.parametrize("model", [reference, fast])
def test_tile(model):
    (example,) = examples("fmtc-tile")
    vectors = rows(example["vectors"]).astype(np.int8)
    symbols, _ = model.quantise(LAYER, model.forward(LAYER, vectors))
    np.testing.assert_array_equal(symbols, rows(example["symbols"]))
    payload, raw = model.pack(LAYER, symbols)
    assert not raw
    np.testing.assert_array_equal(payload, words(example["words"])[4:])
    np.testing.assert_array_equal(LAYER.encode(vectors)[0], words(example["words"]))


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize("example", examples("fmtc-tile") + examples("fmtc-raw"))
def test_decoding(model, example):
    tile = unpack_tile(LAYER, words(example["words"]))
    decoded = model.inverse(LAYER, model.unpack(LAYER, tile))
    np.testing.assert_array_equal(decoded, rows(example["decoded"]))


@pytest.mark.parametrize("example", examples("fmtc-damaged context"))
def test_damaged_context(example):
    with pytest.raises(fmtc.DamagedStream) as caught:
        Context.from_words(words(example["words"]))
    assert f"{type(caught.value).__name__}: {caught.value}" == example["error"]


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize("example", examples("fmtc-damaged tile"))
def test_damaged_tile(model, example):
    with pytest.raises(fmtc.DamagedStream) as caught:
        model.unpack(LAYER, unpack_tile(LAYER, words(example["words"])))
    assert f"{type(caught.value).__name__}: {caught.value}" == example["error"]


def test_every_error_of_the_page_has_an_example():
    shown = {
        example["error"].split(":")[0]
        for kind in ("context", "tile")
        for example in examples(f"fmtc-damaged {kind}")
    }
    named = set(re.findall(r"`(Bad\w+|Underrun|WordsLeftOver|ContextMismatch|EmptyTile)`", FORMAT))
    assert named == shown
