"""The examples of doc/format.md hold for every implementation."""

import re
from pathlib import Path

import numpy as np
import pytest

from fmcodec.bits import unsigned_dtype
from fmcodec.codecs import get_codec
from fmcodec.ebpc import DamagedStream, Encoded, Params, fast, reference
from tests.model.ebpc.cases import signed_dtype

FORMAT = Path(__file__).parents[2] / "doc" / "format.md"


def examples(kind):
    """(settings, fields) of every fenced block of a kind."""
    blocks = re.findall(rf"^```{kind} (.*)\n((?:.+\n)+?)```$", FORMAT.read_text(), re.MULTILINE)
    return [
        (head.split(), dict(re.findall(r"^(\w+): ?(.*)$", body, re.MULTILINE)))
        for head, body in blocks
    ]


def numbers(settings):
    return {name: int(value) for name, _, value in (item.partition("=") for item in settings)}


def stream(params, text):
    return np.array([int(word, 16) for word in text.split()], unsigned_dtype(params.word_bits))


def test_all_examples_are_found():
    text = FORMAT.read_text()
    kinds = ("ebpc", "damaged", "container")
    assert [len(examples(kind)) for kind in kinds] == [text.count(f"```{kind} ") for kind in kinds]
    assert all(examples(kind) for kind in kinds)


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(("settings", "fields"), examples("ebpc"))
def test_ebpc(model, settings, fields):
    values = numbers(settings)
    params = Params(values["m"], values["n"], values["z"])
    words = np.array(fields["words"].split(), dtype=signed_dtype(params.word_bits))
    encoded = Encoded(stream(params, fields["bpc"]), stream(params, fields["znz"]), len(words))
    assert model.encode(params, words) == encoded
    np.testing.assert_array_equal(model.decode(params, encoded), words)


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(("settings", "fields"), examples("damaged"))
def test_damaged(model, settings, fields):
    values = numbers(settings)
    params = Params(values["m"], values["n"], values["z"])
    encoded = Encoded(stream(params, fields["bpc"]), stream(params, fields["znz"]), values["N"])
    with pytest.raises(DamagedStream) as caught:
        model.decode(params, encoded)
    assert str(caught.value) == fields["error"]
    words, damaged = reference.decode_lenient(params, encoded)
    assert (len(words), damaged) == (values["N"], True)


@pytest.mark.parametrize(("settings", "fields"), examples("container"))
def test_container(settings, fields):
    codec = get_codec(settings[0], **numbers(settings[1:]))
    words = np.array(fields["words"].split(), dtype=np.int8)
    container = bytes.fromhex(fields["bytes"])
    assert codec.encode(words) == container
    np.testing.assert_array_equal(codec.decode(container), words)
