"""The embedded feature maps are what their metadata says."""

import numpy as np
import pytest

from fmcodec import feature_maps


def test_spread_of_depth_and_sparsity():
    maps = feature_maps.load()
    assert len({m.name for m in maps}) == len(maps) >= 12
    assert {m.kind for m in maps} == {"relu", "relu6", "linear"}
    assert min(m.sparsity for m in maps) < 0.05
    assert max(m.sparsity for m in maps) > 0.8


@pytest.mark.parametrize("m", feature_maps.load(), ids=lambda m: m.name)
def test_words_fit_their_metadata(m):
    assert m.words.dtype == np.int8
    channels, height, width = m.layer_shape
    assert m.words.shape == (-(-channels // m.channel_step), height, width)
    assert not m.words.flags.writeable
    assert m.scale > 0
    assert m.signed == (m.protocol == "paper" or m.kind == "linear")
    if m.protocol == "paper":  # a ReLU map, its layer's maximum at 0.75 of the range
        assert 0 == m.words.min() < m.words.max() <= 95
    elif m.signed:
        assert m.words.min() < 0 < m.words.max()
