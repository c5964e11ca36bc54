"""The bound of the cycles: one coefficient a cycle, P / C of one with a matrix, ten a tile."""

import pytest

from fmcodec.fmtc import Params, cycles


@pytest.mark.parametrize(
    ("params", "components", "folded", "expected"),
    [
        (Params(16, "none", "rice"), None, False, 16),
        (Params(16, "dct4"), None, False, 16),
        (Params(64), None, False, 64),
        (Params(64), 20, False, 64),
        (Params(64, lanes=16), None, False, 256),
        (Params(64, lanes=16), 20, False, 128),
        (Params(64, lanes=1), 64, False, 4096),
        (Params(64, lanes=1), 20, True, 20),
    ],
)
def test_cycles_of_a_vector(params, components, folded, expected):
    assert cycles.vector_cycles(params, components, folded=folded) == expected


def test_tiles_add_ten_cycles_each_and_the_way_through_once():
    params = Params(16, "none", "rice")
    assert cycles.bound(params, [5, 7]) == 12 * 16 + 2 * 10 + 4
    block = Params(16, "dct4", "rice")
    assert cycles.bound(block, [5, 7]) == 12 * 16 + 2 * 10 + 36
    assert cycles.bound(block, [5, 7], folded=True) == 12 * 16 + 2 * 10 + 4


def test_huffman_codes_hold_a_vector_until_its_end_is_known():
    params = Params(16, "dct4", "huffman")
    assert cycles.bound(params, [5, 7]) == 12 * 16 + 2 * 10 + 52
    assert cycles.latency(params, folded=True) == 20


def test_context():
    """Eight cycles a word; tables are passed once for every length."""
    assert cycles.context_cycles(Params(16, "dct4", "rice"), 10) == 84
    params = Params(16, "dct4", "huffman", q_max=30, max_code_bits=12, tables=2)
    assert cycles.context_cycles(params, 10) == 84 + 2 * (32 * 12 + 4)
