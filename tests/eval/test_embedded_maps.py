"""The embedded maps are what the networks compute."""

import numpy as np
import pytest

from fmcodec import feature_maps
from fmcodec_eval import embedded_maps


@pytest.mark.parametrize(
    ("package", "network", "most"),
    [
        ("ai_edge_litert", "mobilenet_v2", 0),
        ("torch", "squeezenet_v1_0", 10),  # float sums: a word in ten thousands may round off
    ],
)
def test_embedded_maps_are_what_networks_compute(data, package, network, most):
    pytest.importorskip(package)
    embedded = {each.layer: each for each in feature_maps.load() if each.network == network}
    if network == "squeezenet_v1_0":
        found = embedded_maps.squeezenet_maps(data)
    else:
        found = embedded_maps.mobilenet_maps(data)
    seen = set()
    for about, layer, step in found:
        known = embedded[about["layer"]]
        assert (layer.shape, step) == (known.layer_shape, known.channel_step)
        assert about["scale"] == pytest.approx(known.scale)
        apart = np.abs(layer[::step].astype(int) - known.words)
        assert np.count_nonzero(apart) <= most
        assert apart.max() <= bool(most)
        seen.add(about["layer"])
    assert seen == set(embedded)
