"""The packets that the benches send are what they are called, and damage is always possible."""

import numpy as np
import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.codec import Config
from sim.ebpc.packets import Packets
from sim.words import KINDS


def packets_of(params: Params) -> Packets:
    return Packets(Config("ebpc", "", params))


PARAMS = (Params(), Params(16, 8, 16), Params(32, 16, 16), Params(8, 4, 16))


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_every_kind_encodes_and_decodes(params):
    rng = np.random.default_rng(1)
    for kind in KINDS:
        for size in packets_of(params).sizes():
            words = packets_of(params).make(kind, size, rng)
            assert len(words) == size
            assert np.array_equal(params.decode(params.encode(words)), words), kind


def test_kinds_differ_in_what_they_are_for():
    rng = np.random.default_rng(2)
    zeros = {k: np.mean(packets_of(Params()).make(k, 4000, rng) == 0) for k in KINDS}
    assert zeros["zeros"] == 1
    assert zeros["dense"] == zeros["maxima"] == 0
    assert 0.2 < zeros["quarter_zeros"] < 0.3
    assert 0.9 < zeros["sparse"] < 1
    first = packets_of(Params()).make("lone_first", 9, rng)
    assert np.flatnonzero(first).tolist() == [0]
    assert np.flatnonzero(packets_of(Params()).make("lone_last", 9, rng)).tolist() == [8]


def test_sizes_surround_every_mark():
    sizes = packets_of(Params(16, 8, 32)).sizes()
    assert min(sizes) == 1
    assert {7, 8, 9, 15, 16, 17, 31, 32, 33} <= set(sizes)


def test_damage_is_mostly_noticed():
    params, rng = Params(), np.random.default_rng(3)
    encoded = params.encode(packets_of(params).make("half_zeros", 60, rng))
    packets = packets_of(params)
    damaged = [packets.damaged(encoded, rng) for _ in range(200)]
    noticed = [packets.decode_lenient(packet)[1] for packet in damaged]
    assert 0.5 < np.mean(noticed) < 1
