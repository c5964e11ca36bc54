"""Code lengths against brute force and against unlimited Huffman; canonical codes."""

import heapq
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmcodec.fmtc.huffman import code_lengths, codes, kraft_sum

counts_of = st.lists(st.integers(1, 10_000), min_size=2, max_size=255)


def cost(counts, lengths):
    return int(np.dot(counts, lengths.astype(np.int64)))


def huffman_cost(counts):
    heap, total = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    return total


@given(counts_of)
def test_complete_and_limited(counts):
    lengths = code_lengths(counts, 8)
    assert lengths.min() >= 1
    assert lengths.max() <= 8
    assert kraft_sum(lengths, 8) == 1 << 8


@given(st.lists(st.integers(1, 50), min_size=2, max_size=40))
def test_without_a_limit_that_bites_it_is_huffman(counts):
    lengths = code_lengths(counts, 40)
    assert cost(counts, lengths) == huffman_cost(counts)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=5), st.integers(3, 4))
def test_optimal_under_the_limit(counts, limit):
    best = min(
        cost(counts, np.array(lengths))
        for lengths in product(range(1, limit + 1), repeat=len(counts))
        if kraft_sum(lengths, limit) <= 1 << limit
    )
    assert cost(counts, code_lengths(counts, limit)) == best


@given(counts_of)
def test_codes_are_a_prefix_code(counts):
    lengths = code_lengths(counts, 12)
    words = [f"{c:0{n}b}" for c, n in zip(codes(lengths).tolist(), lengths.tolist(), strict=True)]
    ordered = sorted(words)
    assert not any(b.startswith(a) for a, b in pairwise(ordered))
    # canonical: by (length, symbol), the codes rise
    order = np.lexsort((np.arange(len(lengths)), lengths))
    assert [words[i] for i in order] == ordered


def test_likelier_symbols_are_not_longer():
    counts = np.random.default_rng(3).integers(1, 1000, 200)
    lengths = code_lengths(counts, 10).astype(int)
    assert all(np.diff(lengths[np.argsort(counts, kind="stable")]) <= 0)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ([], "counts must be one or more positive ints"),
        ([3, 0], "counts must be one or more positive ints"),
        ([1] * 9, "counts must be of at most 8 symbols, not 9"),
    ],
)
def test_refused(counts, text):
    with pytest.raises(ValueError, match=text):
        code_lengths(counts, 3)
