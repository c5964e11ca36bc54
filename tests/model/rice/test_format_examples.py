"""The examples of Rice in doc/format.md hold for every implementation."""

import numpy as np
import pytest

from fmcodec.bits import signed_dtype
from fmcodec.rice import DamagedStream, Encoded, Params, fast, reference
from tests.model.rice import slow_decoder
from tests.model.test_format_examples import FORMAT, examples, numbers, stream

KINDS = ("rice", "rice-accepted", "rice-damaged", "rice-padding")


def test_all_examples_are_found():
    text = FORMAT.read_text()
    assert [len(examples(kind)) for kind in KINDS] == [text.count(f"```{kind} ") for kind in KINDS]
    assert all(examples(kind) for kind in KINDS)


def packet(settings, fields):
    """(parameters, words or None, encoded) of an example."""
    values = numbers(settings)
    flags = [bool(values.get(name, 0)) for name in ("signed", "delta", "sign_last")]
    params = Params(values["m"], *flags)
    words = None
    if "words" in fields:
        words = np.array(fields["words"].split(), dtype=signed_dtype(params.word_bits))
    num_words = values.get("N", 0 if words is None else len(words))
    return params, words, Encoded(stream(params, fields["code"]), num_words)


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(("settings", "fields"), examples("rice"))
def test_rice(model, settings, fields):
    params, words, encoded = packet(settings, fields)
    assert model.encode(params, words) == encoded
    np.testing.assert_array_equal(model.decode(params, encoded), words)
    code = fields["code"].split()
    assert slow_decoder.decode(code, params.word_bits, len(words)) == words.tolist()


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(("settings", "fields"), examples("rice-accepted"))
def test_accepted(model, settings, fields):
    params, words, encoded = packet(settings, fields)
    np.testing.assert_array_equal(model.decode(params, encoded), words)
    lenient, damaged = reference.decode_lenient(params, encoded)
    assert (lenient.tolist(), damaged) == (words.tolist(), False)


@pytest.mark.parametrize("model", [reference, fast])
@pytest.mark.parametrize(
    ("settings", "fields"), examples("rice-damaged") + examples("rice-padding")
)
def test_damaged(model, settings, fields):
    params, _, encoded = packet(settings, fields)
    with pytest.raises(DamagedStream) as caught:
        model.decode(params, encoded)
    assert str(caught.value) == fields["error"]
    words, damaged = reference.decode_lenient(params, encoded)
    assert len(words) == encoded.num_words
    assert damaged is (caught.value.reason != "padding is not zero")
