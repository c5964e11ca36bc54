"""Calibration: the targets are met, and bad samples are refused in words."""

import numpy as np
import pytest

from fmcodec.fmtc import Calibrator, Params, calibrate, fast
from fmcodec.fmtc.transform import Moments, fit
from tests.model.fmtc.cases import PARAMS, correlated

SAMPLES = correlated(6000)
FRESH = correlated(3000, seed=0)[2000:]


def snr_db(layer, vectors, low=-128, high=127):
    wanted = np.clip(vectors.astype(float), low, high)
    noise = layer.decode(layer.encode(vectors)) - wanted
    return 10 * np.log10((wanted**2).sum() / (noise**2).sum())


def test_batches_do_not_matter():
    whole = calibrate(SAMPLES, PARAMS, bits=5)
    cut = calibrate(iter(np.array_split(SAMPLES, 7)), PARAMS, bits=5)
    np.testing.assert_array_equal(cut.encoder.to_words(), whole.encoder.to_words())
    np.testing.assert_array_equal(cut.decoder.to_words(), whole.decoder.to_words())


def test_memory_is_bounded():
    calibrator = Calibrator(Params(channels=2))
    rng = np.random.default_rng(0)
    for _ in range(4):
        calibrator.update(rng.integers(-9, 9, (30_000, 2)).astype(np.int8))
    assert calibrator.moments.count == 120_000
    assert len(calibrator.sample()) == 65_536


def test_moments_are_those_of_numpy():
    moments = Moments(16)
    for part in np.array_split(SAMPLES, 5):
        moments.update(part)
    np.testing.assert_allclose(moments.mean, SAMPLES.mean(axis=0))
    np.testing.assert_allclose(moments.covariance, np.cov(SAMPLES.T, bias=True), atol=1e-9)


def test_pca_decorrelates_by_falling_variance():
    layer = calibrate(SAMPLES, PARAMS, bits=7)
    acc = fast.forward(layer.encoder, SAMPLES).astype(float)
    covariance = np.cov(acc.T)
    spread = np.diag(covariance)
    assert all(np.diff(spread) <= 0.01 * spread[0])
    off = covariance - np.diag(spread)
    assert np.abs(off).max() < 0.01 * spread[0]
    half = 2.0**layer.encoder.shift / 2  # what the shift is to round with
    np.testing.assert_allclose(acc.mean(axis=0), half, atol=2)


@pytest.mark.parametrize("target", [8.0, 14.5, 20.0])
@pytest.mark.parametrize("variant", ["eye", "dct4", "pca", "pca_q", "pca_t"])
@pytest.mark.parametrize("coder", ["huffman", "rice"])
def test_snr_is_met_and_not_exceeded(target, variant, coder):
    params = Params(16, coder=coder)
    layer = calibrate(SAMPLES, params, snr_db=target, variant=variant, low=0)
    assert target - 0.3 < snr_db(layer, SAMPLES, low=0) < target + 0.4


@pytest.mark.parametrize("bits", [1, 2.5, 4, 6.6, 7.9])
def test_bits_give_the_levels(bits):
    layer = calibrate(SAMPLES, PARAMS, bits=bits)
    assert layer.q_max + 1 == np.ceil(2**bits)
    values = (SAMPLES - SAMPLES.mean(axis=0)) @ (layer.encoder.matrix.T / 128)
    assert layer.step == pytest.approx(np.ptp(values) / (2**bits - 1), rel=8e-3)


def test_more_bits_are_less_noise():
    snr = [snr_db(calibrate(SAMPLES, PARAMS, bits=bits), FRESH) for bits in (3, 4, 5, 6, 7)]
    assert all(np.diff(snr) > 4)


def test_variants_order_as_they_must():
    """At one SNR: the transform saves bits, trimming what ends of vectors do not save."""
    rates = {
        variant: calibrate(SAMPLES, PARAMS, snr_db=18.0, variant=variant).encoded_bits(FRESH)
        for variant in ("eye", "pca", "pca_t")
    }
    assert rates["pca_t"] < rates["pca"] < 0.9 * rates["eye"]


def test_pca_t_keeps_the_component_that_reaches_the_ratio():
    moments = Moments(16)
    moments.update(SAMPLES)
    shares = np.cumsum(np.linalg.eigvalsh(moments.covariance)[::-1])
    shares /= shares[-1]
    for ratio in (0.5, float(shares[3]), 0.99, 1.0):
        kept = len(fit(moments, PARAMS, "pca_t", variance_ratio=ratio).matrix)
        assert shares[kept - 1] >= ratio - 1e-9
        assert kept == 1 or shares[kept - 2] < ratio


def test_pca_q_entries():
    layer = calibrate(SAMPLES, PARAMS, variant="pca_q", entry_bits=3, bits=5)
    assert not (layer.encoder.matrix % 32).any()
    assert layer.encoder.matrix.any()


def test_more_tables_cost_less():
    bits = [
        calibrate(SAMPLES, Params(16, tables=tables), bits=6).encoded_bits(SAMPLES)
        for tables in (1, 2, 4, 8)
    ]
    assert all(np.diff(bits) < 0)


def test_a_vector_ends_early_where_that_saves_bits():
    """Sparse vectors end early, dense ones hardly ever: then no code is spent on it."""
    sparse = calibrate(SAMPLES, PARAMS, step=40.0)
    assert sparse.encoder.end_before >= 13
    assert sparse.encoded_bits(SAMPLES) < 0.7 * SAMPLES.size
    dense = calibrate(SAMPLES, PARAMS, variant="eye", step=3.0)
    assert dense.encoder.end_before == 0


def test_scales_fit_their_steps():
    """Encoder and decoder think of the same step, to what eight bits hold."""
    for step in np.geomspace(1.1, 80, 60).tolist():
        for variant in ("eye", "dct4", "pca"):
            layer = calibrate(SAMPLES, PARAMS, variant=variant, step=step)
            assert layer.step == pytest.approx(step, rel=12e-3)
            gain = 2.0 ** (14 + layer.encoder.shift) / layer.encoder.scale
            units = {"dct4": [128, 202.386, 128, 202.386, 202.386, 320.0]}.get(variant, 128)
            np.testing.assert_allclose(gain[:6] / units, layer.step, rtol=4.5e-3)


def test_a_step_beyond_all_scales():
    with pytest.raises(ValueError, match="step must give scales that M 2\\^-s can hold"):
        calibrate(SAMPLES, PARAMS, step=1e-3)


def test_constant_channels_may_be_allowed():
    samples = SAMPLES.copy()
    samples[:, [2, 5]] = 7
    layer = calibrate(samples, PARAMS, bits=7, allow_constant=True)
    assert np.abs(layer.decode(layer.encode(samples))[:, [2, 5]] - 7.0).max() <= 1


@pytest.mark.parametrize(
    ("samples", "settings", "error", "text"),
    [
        (
            SAMPLES.astype(float) * np.nan,
            {},
            TypeError,
            "samples must be arrays of int8, not float64",
        ),
        ([[1, 2]], {}, TypeError, "samples must be arrays of int8, not list"),
        (
            SAMPLES[:, :15],
            {},
            ValueError,
            "samples must be of shape (vectors, channels = 16), not (6000, 15)",
        ),
        (
            SAMPLES[:31],
            {},
            ValueError,
            "samples must hold at least 32 vectors (two a channel), not 31",
        ),
        (
            np.zeros((100, 16), np.int8),
            {},
            ValueError,
            "samples must vary, all channels are constant",
        ),
        (
            np.where(np.arange(16) == 3, 9, SAMPLES).astype(np.int8),
            {},
            ValueError,
            "samples must vary in every channel, constant are [3]",
        ),
        (
            SAMPLES,
            {"bits": 8},
            ValueError,
            "bits must be in 1..7.994 (q_max = 254), not 8",
        ),
        (
            SAMPLES,
            {"bits": 4, "snr_db": 9},
            ValueError,
            "bits, snr_db and step must be given one at most",
        ),
        (SAMPLES, {"snr_db": np.nan}, ValueError, "snr_db must be finite, not nan"),
        (SAMPLES, {"step": 0}, ValueError, "step must be a positive number, not 0"),
        (SAMPLES, {"bits": "5"}, TypeError, "bits must be a number, not '5'"),
        (SAMPLES, {"origin": 128}, ValueError, "origin must be an int in -128..127, not 128"),
        (
            SAMPLES,
            {"variant": "dct"},
            ValueError,
            "variant must be one of eye, dct4, pca, pca_q, pca_t, not 'dct'",
        ),
        (
            SAMPLES,
            {"variant": "pca_t", "variance_ratio": 1.5},
            ValueError,
            "variance_ratio must be in 0 < ratio <= 1, not 1.5",
        ),
        (
            SAMPLES,
            {"variant": "pca_q", "entry_bits": 1},
            ValueError,
            "entry_bits must be an int in 2..8, not 1",
        ),
    ],
)
def test_refused(samples, settings, error, text):
    with pytest.raises(error) as caught:
        calibrate(samples, PARAMS, **settings)
    assert str(caught.value) == text


def test_without_a_transform_nothing_is_clipped():
    """Whatever was calibrated on: int8 goes no further."""
    layer = calibrate(SAMPLES // 4, PARAMS, variant="eye", step=3.0)
    extremes = np.repeat(np.array([[-128], [127]], np.int8), 16, axis=1)
    decoded = layer.decode(layer.encode(extremes))
    assert np.abs(decoded.astype(int) - extremes).max() <= 2


def test_a_transform_has_headroom():
    """Maps a third stronger than those calibrated on are hardly clipped."""
    quiet = (SAMPLES * 0.7).astype(np.int8)
    layer = calibrate(quiet, PARAMS, step=4.0)
    _, clips = fast.quantise(layer.encoder, fast.forward(layer.encoder, SAMPLES))
    assert clips < 1e-3 * SAMPLES.size
    _, clips = fast.quantise(layer.encoder, fast.forward(layer.encoder, quiet))
    assert clips == 0


def test_snr_out_of_reach():
    with pytest.raises(ValueError, match=r"snr_db must be at most .* here \(q_max = 20\), not 40"):
        calibrate(SAMPLES, Params(16, q_max=20), snr_db=40.0)
