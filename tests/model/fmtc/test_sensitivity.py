"""Transforms that are fitted to gradients spend bits where errors do harm."""

import numpy as np
import pytest

from fmcodec.fmtc import Params, fast, reference
from fmcodec.fmtc.choice import candidates, choose
from fmcodec.fmtc.layer import LayerCodec
from fmcodec.fmtc.layout import Layout
from fmcodec.fmtc.sensitivity import importances, unit_gradients
from fmcodec.fmtc.transform import Moments, fit
from tests.model.fmtc.cases import PARAMS, correlated
from tests.model.fmtc.test_layer import MAPS

SAMPLES = correlated(6000)
BUILD = Params(matrix_bits=10)


def gradients(seed=3):
    """Smooth gradients of few directions; channels 0 and 1 have the same, 7 hardly any."""
    rng = np.random.default_rng(seed)
    images, channels, height, width = MAPS.shape
    coarse = rng.normal(size=(images, 3, height // 4, -(-width // 4)))
    smooth = coarse.repeat(4, axis=2).repeat(4, axis=3)[..., :width]
    mixing = rng.normal(size=(channels, 3))
    mixing[1] = mixing[0]
    mixing[7] *= 0.05
    found = np.einsum("ij,njhw->nihw", mixing, smooth) + 0.3 * rng.normal(size=MAPS.shape)
    return found.astype(np.float32)


GRADIENTS = gradients()


@pytest.fixture(autouse=True)
def many_images(monkeypatch):
    """As if the six images were hundreds."""
    monkeypatch.setattr("fmcodec.fmtc.sensitivity.PRIOR_IMAGES", 0.3)


def harm(codec, layout):
    """Mean square of what the errors of a vector do together."""
    errors = ((codec.roundtrip(MAPS)[0] - MAPS) * GRADIENTS)[:, codec.order]
    return float(np.square(layout.to_vectors(errors).sum(axis=2)).mean())


def test_a_transform_with_weights_inverts_itself():
    moments = Moments(16)
    moments.update(SAMPLES)
    root = np.random.default_rng(0).normal(size=(16, 16))
    weights = root @ root.T / 16 + 0.1 * np.eye(16)
    found = fit(moments, Params(16, matrix_bits=10), importance=weights)
    analysis = found.rows * (512 / found.units)[:, None]
    np.testing.assert_allclose(found.inverse @ analysis, np.eye(16), atol=1e-9)
    # coefficients are uncorrelated, and equal errors of them harm alike
    covariance = analysis @ moments.covariance @ analysis.T
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-6)
    np.testing.assert_allclose(found.inverse.T @ weights @ found.inverse, np.eye(16), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(found.rows, axis=1), 1)


def test_equal_weights_change_nothing():
    moments = Moments(16)
    moments.update(SAMPLES)
    plain = fit(moments, PARAMS)
    same = fit(moments, PARAMS, importance=np.eye(16))
    np.testing.assert_array_equal(same.matrix, plain.matrix)
    np.testing.assert_allclose(same.inverse, plain.inverse, atol=1 / 128)


@pytest.mark.parametrize("layout", [Layout(8, 2, 2), Layout(8), Layout(8, 8, 4, shared=True)])
def test_gradients_save_harm(layout):
    """At as many bits or fewer: bits go to the directions that matter."""
    plain = LayerCodec.calibrate(MAPS, layout, BUILD, step=0.5, floor=np.inf)
    bits = plain.roundtrip(MAPS)[1]
    for step in np.geomspace(0.3, 1.5, 41).tolist():
        codec = LayerCodec.calibrate(
            MAPS, layout, BUILD, step=step, floor=np.inf, gradients=GRADIENTS
        )
        if codec.roundtrip(MAPS)[1] <= bits:
            break
    else:
        pytest.fail("no step takes as few bits")
    assert harm(codec, layout) < 0.85 * harm(plain, layout)


def test_few_images_say_little(monkeypatch):
    spread = []
    for prior in (0.3, 60):
        monkeypatch.setattr("fmcodec.fmtc.sensitivity.PRIOR_IMAGES", prior)
        [weights] = importances(unit_gradients(GRADIENTS, MAPS), Layout(8))
        spread.append(np.linalg.cond(weights))
    assert spread[1] < 0.1 * spread[0]


def test_dead_values_do_not_count():
    """Where nothing passes nothing is lost; what does pass matters as much as elsewhere."""
    by = np.ones_like(MAPS) * np.array([1, 2, 1, 1, 1, 1, 1, 0], np.float32)[:, None, None]
    by[:, 1, ::2] = 0
    [weights] = importances(unit_gradients(by, MAPS), Layout(8))
    assert weights[1, 1] / weights[0, 0] == pytest.approx(4, rel=0.2)
    assert 0 < weights[7, 7] < 0.1 * weights[0, 0]


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("coder", ["huffman", "rice"])
def test_what_is_counted_is_what_is_coded(relu, coder):
    """Contexts with a matrix of their own in the decoder: cores and readable model agree."""
    params = Params(matrix_bits=10, coder=coder)
    codec = LayerCodec.calibrate(
        MAPS, Layout(8, 2, 2), params, step=0.6, relu=relu, gradients=GRADIENTS
    )
    decoded, bits = codec.roundtrip(MAPS)
    encoded = codec.encode(MAPS)
    assert bits == sum(tiles.bits for tiles in encoded)
    np.testing.assert_array_equal(decoded, codec.decode(encoded, *MAPS.shape[2:]))
    context = codec.contexts[0]
    assert not np.array_equal(context.decoder.matrix, context.encoder.matrix.T)
    assert context.encoder.each
    levels = np.random.default_rng(0).integers(-9, 9, (40, context.components)).astype(np.int16)
    np.testing.assert_array_equal(
        fast.inverse(context.decoder, levels), reference.inverse(context.decoder, levels)
    )


def test_candidates_are_estimated_with_gradients():
    ways = candidates(MAPS, 0.5, gradients=GRADIENTS)
    # six images have too few long vectors to say what others of them take
    short = [way for way in ways if way.layout.vector_length <= 16 and way.variant == "pca_t"]
    for way in short[::3]:
        codec = LayerCodec.calibrate(
            MAPS,
            way.layout,
            way.params,
            variant=way.variant,
            step=way.step,
            gradients=GRADIENTS,
        )
        bits = codec.roundtrip(MAPS)[1] / len(MAPS)
        assert way.bits == pytest.approx(bits, rel=0.12), way
    assert choose(ways, 1000).variant == "pca_t"


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (GRADIENTS[:2], r"gradients must be of shape \(6, 8, 20, 18\), not \(2, 8, 20, 18\)"),
        (np.zeros_like(MAPS), "gradients must be finite, and not all zero"),
        (np.full_like(MAPS, np.nan), "gradients must be finite, and not all zero"),
    ],
)
def test_wrong_gradients(wrong, text):
    with pytest.raises(ValueError, match=text):
        LayerCodec.calibrate(MAPS, Layout(8), step=0.3, gradients=wrong)
