"""Parameters: what is refused, with which words, and what follows from them."""

import pytest

from fmcodec.fmtc import Params


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"channels": 0}, ValueError, "channels must be an int in 1..256, not 0"),
        ({"channels": 257}, ValueError, "channels must be an int in 1..256, not 257"),
        ({"channels": 8.0}, TypeError, "channels must be an int in 1..256, not 8.0"),
        ({"matrix_bits": 9}, ValueError, "matrix_bits must be 8 or 10, not 9"),
        ({"q_max": 255}, ValueError, "q_max must be an int in 1..254, not 255"),
        ({"q_max": True}, TypeError, "q_max must be an int in 1..254, not True"),
        ({"max_code_bits": 7}, ValueError, "max_code_bits must be an int in 8..15, not 7"),
        ({"tables": 9}, ValueError, "tables must be an int in 1..8, not 9"),
        (
            {"transform": "pca"},
            ValueError,
            "transform must be one of none, matrix, dct4, not 'pca'",
        ),
        ({"coder": 1}, TypeError, "coder must be one of huffman, rice, not 1"),
        ({"transform": "dct4"}, ValueError, "channels must be 16 with dct4, not 64"),
        ({"lanes": 5}, ValueError, "lanes must be None or a divisor of channels = 64, not 5"),
        ({"lanes": 0}, ValueError, "lanes must be None or a divisor of channels = 64, not 0"),
        ({"lanes": "8"}, TypeError, "lanes must be None or a divisor of channels = 64, not '8'"),
    ],
)
def test_refused(fields, error, text):
    with pytest.raises(error) as caught:
        Params(**fields)
    assert str(caught.value) == text


def test_derived():
    params = Params(channels=64, matrix_bits=10, lanes=16)
    assert params.fraction_bits == 9
    assert params.coefficients_per_cycle == 0.25
    assert Params(channels=64).mac_lanes == 64
    assert Params(16, "dct4", lanes=4).coefficients_per_cycle == 1
    assert params.max_payload_words(3) == 48
    assert params.max_payload_words(3, components=3) == 3


def test_config_comes_back():
    params = Params(channels=32, tables=8, lanes=4)
    assert Params.from_config(params.get_config()) == params
    assert params.get_config()["id"] == "fmtc"
