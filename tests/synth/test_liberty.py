"""Liberty functions."""

import numpy as np
import pytest

from synth.liberty import table_of


@pytest.mark.parametrize(
    ("function", "table"),
    [
        ("!(A*B)", "1110"),
        ("(!A) | (!B)", "1110"),
        ("((!A)|(!B))", "1110"),
        ("(A B)'", "1110"),
        ("!(A & B)", "1110"),
        ("A'+B'", "1110"),
        ("(A*B)' * 1", "1110"),
        ("1 ^ (A B)", "1110"),
        ("A ^ B", "0110"),
        ("A * B ^ A", "0010"),  # exclusive or binds first
        ("A + B ^ A", "0111"),
        ("A + A B", "0011"),
        ("!A'", "0011"),
        ("A !B", "0010"),
        ("0", "0000"),
        ("1", "1111"),
    ],
)
def test_functions_are_compared_not_their_texts(function, table):
    # A counts by one, B by two
    assert [int(table[2 * (i % 2) + i // 2]) for i in range(4)] == table_of(
        function, ["A", "B"]
    ).tolist()


@pytest.mark.parametrize("function", ["IQ", "A * IQ", "A +", "(A", ""])
def test_what_is_no_function_of_the_pins_has_no_table(function):
    with pytest.raises(ValueError, match=r"^function must be one of Liberty's, not "):
        table_of(function, ["A", "B"])


def test_liberty_functions_are_read():
    pins = ("A", "B", "C")
    index = np.arange(8)
    a, b, c = (index >> i & 1 == 1 for i in range(3))
    for text, expected in {
        "!(A*B)": ~(a & b),
        "(!A) | (!B)": ~a | ~b,
        "(A B)'": ~(a & b),
        "A ^ B & C": (a ^ b) & c,  # as Yosys and OpenSTA read it
        "A + B C'": a | (b & ~c),
        "!A*B+1*C": (~a & b) | c,
        "0": np.zeros(8, bool),
    }.items():
        assert np.array_equal(table_of(text, pins), expected), text
    for wrong in ("A +", "A @ B", "D", "(A", "A)"):
        with pytest.raises(ValueError, match=r"^function must be "):
            table_of(wrong, pins)
