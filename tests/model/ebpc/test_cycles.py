"""The bound of the cycles: hand-made packets, and a reference that follows the text."""

import math

import numpy as np
import pytest
from hypothesis import given

from fmcodec.ebpc import Params, cycles
from tests.model.ebpc.cases import params_and_words

# 5 6 .. 12: 33 bits, doc/format.md's example
RAMP = np.arange(5, 13, dtype=np.int8)
OVERHEAD = 8 + 4


def by_hand(params: Params, words: np.ndarray, compact: bool) -> int:
    """doc/architecture.md, "The bound", block by block."""
    m, n = params.word_bits, params.block_words
    port, symbol = params.port_words * m, params.max_symbol_bits
    total = 0.0
    for cost in params.block_costs(words):
        if compact:
            total += max(m, n) + 2
            if symbol > port:
                total += (cost.bits - m) * (symbol - port) / (symbol * port)
        else:
            total += max(m, n, min(cost.bits / port + 2, params.max_block_bits / port))
    queue = (m - 2) * (symbol - port) if symbol > port else 0
    zeros = sum(int(word) == 0 for word in words)
    return zeros + math.ceil(round(total, 6)) + max(m, n) + 4 + math.ceil(queue / port)


@given(params_and_words())
def test_it_is_what_the_text_says(case):
    params, words = case
    for compact in (False, True):
        assert cycles.bound(params, words, compact=compact) == by_hand(params, words, compact)


def test_a_word_a_cycle_where_the_port_is_no_limit():
    assert cycles.bound(Params(), RAMP) == 8 + OVERHEAD
    assert cycles.bound(Params(), np.tile(RAMP, 10)) == 80 + OVERHEAD
    assert cycles.bound(Params(), np.tile(RAMP, 10), compact=True) == 100 + OVERHEAD


def test_dense_blocks_take_what_the_port_takes():
    dense = np.random.default_rng(2).integers(1, 128, 800).astype(np.int8)
    assert cycles.bound(Params(), dense) == 1000 + OVERHEAD  # 80 bits a block at most
    assert cycles.bound(Params(port_words=2), dense) == 800 + OVERHEAD


def test_a_zero_is_a_cycle_wherever_it_stands():
    generator = np.random.default_rng(3)
    words = generator.integers(1, 100, 50).astype(np.int8)
    for params in (Params(), Params(8, 16), Params(block_words=4, port_words=2)):
        least = cycles.bound(params, words)
        for at in range(len(words) + 1):
            assert cycles.bound(params, np.insert(words, at, np.zeros(3, np.int8))) == least + 3


def test_a_packet_of_zeros_counts_as_one_block():
    assert cycles.bound(Params(), np.zeros(100, np.int8)) == 100 + 8 + OVERHEAD


@given(params_and_words())
def test_a_wider_port_and_more_gates_never_take_longer(case):
    params, words = case
    narrow, wide = (Params(*_shape(params), port_words) for port_words in (1, 2))
    for compact in (False, True):
        slow = cycles.bound(narrow, words, compact=compact)
        assert len(words) <= cycles.bound(wide, words, compact=compact) <= slow


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("port_words", [1, 2])
@pytest.mark.parametrize("shape", [(8, 8), (16, 16), (16, 8), (32, 16), (8, 16), (8, 32), (8, 4)])
def test_guaranteed_rate_is_the_bound_of_any_dense_packet(shape, port_words, compact):
    params = Params(*shape, 16, port_words)
    words = np.random.default_rng(4).integers(1, 100, 200 * shape[1]).astype(f"i{shape[0] // 8}")
    rate = cycles.guaranteed_words_per_cycle(params, compact=compact)
    taken = cycles.bound(params, words, compact=compact) - cycles.overhead(params)
    assert len(words) / rate >= taken - 1


@pytest.mark.parametrize(
    ("shape", "rate", "compact_rate"),
    [
        ((8, 8, 16), 8 / 10, 8 / 10),
        ((8, 8, 16, 2), 1, 8 / 10),
        ((16, 16, 16), 16 / 18, 16 / 18),
        ((16, 8, 16), 8 / 16, 8 / 18),
        ((8, 16, 16), 16 / 19, 16 / (18 + 9)),
        ((8, 32, 16, 2), 1, 32 / (34 + 9)),
    ],
)
def test_guaranteed_rates_by_hand(shape, rate, compact_rate):
    params = Params(*shape)
    assert cycles.guaranteed_words_per_cycle(params) == pytest.approx(rate)
    assert cycles.guaranteed_words_per_cycle(params, compact=True) == pytest.approx(compact_rate)


def _shape(params: Params) -> tuple[int, int, int]:
    return params.word_bits, params.block_words, params.max_zero_run
