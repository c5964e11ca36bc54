"""Calibration: from sample vectors to the integers of a layer context.

Float steps are the same from run to run on one machine; all that follows the context is integer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int
from fmcodec.fmtc import huffman
from fmcodec.fmtc.context import Context, EncoderContext
from fmcodec.fmtc.context_reader import HEADER_WORDS
from fmcodec.fmtc.params import WORD_BITS, Params
from fmcodec.fmtc.tables import choose_tables, count_symbols, ends, huffman_bits, rice_bits, splits
from fmcodec.fmtc.transform import Floats, Moments, Transform, fit
from fmcodec.lazy import LazyModule

__all__ = ["Calibrator", "Trial", "bisect_step", "calibrate"]

fast = LazyModule("fmcodec.fmtc.fast")

MAX_VECTORS = 1 << 16  # kept for ranges and code tables, whatever the number of samples
TRIAL_VECTORS = 1 << 13  # of those, used to search for a step
HEADROOM = 0.25  # of the calibrated range, added at both ends for images not seen

Vectors = npt.NDArray[np.int8]


def calibrate(
    samples: Vectors | Iterable[Vectors],
    params: Params,
    *,
    variant: str = "pca",
    bits: float | None = None,
    snr_db: float | None = None,
    step: float | None = None,
    entry_bits: int | None = None,
    variance_ratio: float | None = None,
    low: int = -128,
    high: int = 127,
    origin: int = 0,
    allow_constant: bool = False,
    seed: int = 0,
) -> Context:
    """Calibrate a layer.

    Args:
        samples: int8 vectors of shape (vectors, channels), or any iterable of such arrays, read
            once; memory is bounded, and the result does not depend on how they are cut.
        params: what the build holds; the context uses no more of `q_max` and `tables`.
        variant, entry_bits, variance_ratio: the transform, see `transform.fit`.
        bits: width of the quantiser, log2 of its levels, not necessarily whole; the step is the
            calibrated range over the levels.
        snr_db: instead, the largest step that keeps this ratio of signal to noise after the
            clamp to `low`..`high`, in dB. Without `bits`, `snr_db` and `step`: all of `q_max`.
        step: instead, the step itself, in units of an input value.
        low, high: clamp of decoded values; low = origin fuses a ReLU.
        origin: input that stands for zero, as the zero point of a deployed network does.
        allow_constant: take channels of one value only, as dead channels of a network have.
        seed: of the choice of vectors that are kept for ranges and tables.

    Raises:
        TypeError: the samples are not int8, or an argument is not a number.
        ValueError: wrong shape, fewer than two vectors a channel, a constant channel, an SNR out
            of reach, or an argument out of its range.
    """
    require_int("origin", origin, "an int in -128..127")
    if not -128 <= origin <= 127:
        raise ValueError(f"origin must be an int in -128..127, not {origin!r}")
    for name, number in {"bits": bits, "snr_db": snr_db, "step": step}.items():
        if number is not None and not isinstance(number, Real):
            raise TypeError(f"{name} must be a number, not {number!r}")
    calibrator = Calibrator(params, seed=seed)
    for vectors in [samples] if isinstance(samples, np.ndarray) else samples:
        calibrator.update(vectors)
    calibrator.require_enough(allow_constant)
    if sum(option is not None for option in (bits, snr_db, step)) > 1:
        raise ValueError("bits, snr_db and step must be given one at most")
    transform = fit(calibrator.moments, params, variant, entry_bits, variance_ratio, origin)
    trial = Trial(transform, calibrator.sample(TRIAL_VECTORS), params, low, high, origin)
    if snr_db is not None:
        step = bisect_step([trial], snr_db)
    q_max = params.q_max
    if step is None:
        most = math.log2(params.q_max + 1)
        width = most if bits is None else float(bits)
        if not 1 <= width <= most:
            raise ValueError(f"bits must be in 1..{most:.3f} (q_max = {q_max}), not {bits!r}")
        q_max = math.ceil(2**width - 1e-9) - 1
        coefficients = (calibrator.sample() - transform.mean) @ transform.weights.T
        step = float(coefficients.max() - coefficients.min()) / (2**width - 1)
    return trial.context(step, calibrator.sample(), q_max, headroom=bits is None)


class Calibrator:
    """Gathers samples in bounded memory: exact moments of all, and an even choice of some.

    The choice keeps the vectors with the smallest random keys, so that it depends on the order
    of the vectors and the seed alone, not on how they are cut into batches.
    """

    def __init__(self, params: Params, *, seed: int = 0) -> None:
        self.params = params
        self.moments = Moments(params.channels)
        self._random = np.random.default_rng(seed)
        self._keys = np.zeros(0)
        self._kept = np.zeros((0, params.channels), dtype=np.int8)

    def update(self, vectors: Vectors) -> None:
        """Add int8 vectors of shape (vectors, channels)."""
        if not isinstance(vectors, np.ndarray) or vectors.dtype != np.int8:
            kind = vectors.dtype if isinstance(vectors, np.ndarray) else type(vectors).__name__
            raise TypeError(f"samples must be arrays of int8, not {kind}")
        if vectors.ndim != 2 or vectors.shape[1] != self.params.channels:
            shape = f"(vectors, channels = {self.params.channels})"
            raise ValueError(f"samples must be of shape {shape}, not {vectors.shape}")
        self.moments.update(vectors)
        keys = np.append(self._keys, self._random.random(len(vectors)))
        # most samples are let go: sorting them would take longer than all the rest
        near = np.arange(len(keys))
        if len(keys) > MAX_VECTORS:
            near = np.argpartition(keys, MAX_VECTORS - 1)[:MAX_VECTORS]
        order = near[np.argsort(keys[near])]
        old = order < len(self._keys)
        kept = np.empty((len(order), self.params.channels), dtype=np.int8)
        kept[old] = self._kept[order[old]]
        kept[~old] = vectors[order[~old] - len(self._keys)]
        self._keys, self._kept = keys[order], kept

    def sample(self, count: int = MAX_VECTORS) -> Vectors:
        """At most `count` of the vectors seen."""
        return self._kept[:count]

    def require_enough(self, allow_constant: bool) -> None:
        """Raise ValueError when the samples cannot calibrate the layer."""
        least = 2 * self.params.channels
        if self.moments.count < least:
            raise ValueError(
                f"samples must hold at least {least} vectors (two a channel), "
                f"not {self.moments.count}"
            )
        constant = self.moments.constant.tolist()
        if len(constant) == self.params.channels:
            raise ValueError("samples must vary, all channels are constant")
        if constant and not allow_constant:
            raise ValueError(f"samples must vary in every channel, constant are {constant}")


class Trial:
    """A transform tried on sample vectors with one quantiser step after another."""

    def __init__(
        self,
        transform: Transform,
        vectors: Vectors,
        params: Params,
        low: int,
        high: int,
        origin: int = 0,
    ) -> None:
        self.transform = transform
        self.params = params
        self.low = low
        self.high = high
        self._inverse = transform.inverse.astype(np.float32)
        self._mean = transform.mean.astype(np.float32)
        values = vectors.astype(np.float32)
        self._wanted = np.clip(values, low, high)
        self._coefficients = (values - self._mean) @ transform.weights.T
        self.signal = float(np.square(self._wanted - origin, dtype=np.float64).sum())

    @property
    def finest_step(self) -> float:
        """The step with which the sample's range, with half its headroom, just fits `q_max`."""
        low, high = float(self._coefficients.min()), float(self._coefficients.max())
        spread = (high - low) / self.params.q_max
        if self.params.coder == "rice":  # coefficients of 8 bits
            spread = max(spread, max(high, -low) / 127)
        if self.transform.kind == "none":  # int8 goes no further, and is exact with a step of 1
            return max(spread, 1.0)
        return max(spread * (1 + HEADROOM), 2.0**-self.transform.fraction_bits)

    def noise(self, step: float) -> float:
        """Squared error of the decoded vectors, after the clamp, with this step."""
        keep = self.kept(step)
        coefficients = np.rint(self._coefficients[:, :keep] / np.float32(step)) * np.float32(step)
        decoded = np.rint(coefficients @ self._inverse[:, :keep].T + self._mean)
        error = np.clip(decoded, self.low, self.high) - self._wanted
        return float(np.square(error, dtype=np.float64).sum())

    def bits(self, step: float) -> list[tuple[float, int]]:
        """Estimates with this step: bits a vector and of the decoder's context, for 1, 2, ...
        tables; with rice, which has no tables, for as many groups as there may be.
        """
        keep = self.kept(step)
        levels = np.rint(self._coefficients[:, :keep] / np.float32(step)).astype(np.int64)
        zero_point = int(min(levels.min(), 0))
        levels -= zero_point
        symbols = int(levels.max()) + 1
        words = HEADER_WORDS + 1
        if self.transform.kind == "matrix":
            words += len(self._mean) * (1 - (-keep // (WORD_BITS // self.params.matrix_bits)))
        tables = min(self.params.tables, keep)
        if self.params.coder == "rice":
            counts = count_symbols(levels, -zero_point, symbols, keep)
            edges = splits(counts, tables)[-1]
            rate = rice_bits(levels, -zero_point, edges) / len(levels)
            return [(rate, WORD_BITS * (words + len(edges) - 2))]
        best = [math.inf] * tables
        for end_before in ends(keep):
            counts = count_symbols(levels, -zero_point, symbols, end_before)
            for index, edges in enumerate(splits(counts, tables)):
                best[index] = min(best[index], huffman_bits(counts, edges) / len(levels))
        per_table = -(-(symbols + 1) // 8)
        return [
            (rate, WORD_BITS * (words + index + per_table * (index + 1)))
            for index, rate in enumerate(best)
        ]

    def kept(self, step: float) -> int:
        """Components that are coded with this step; fewer than there are where `trim` is set.

        Near the optimum a bit buys 2 ln 2 step^2 / 12 of distortion, everywhere; a component
        that asks more is not coded.
        """
        total = self._coefficients.shape[1]
        if not self.transform.trim:
            return total
        levels = np.rint(self._coefficients / np.float32(step))
        saved = np.square(self._coefficients).mean(axis=0) - np.square(
            self._coefficients - levels * np.float32(step)
        ).mean(axis=0)
        levels -= levels.min()
        counts = (np.bincount(column) for column in levels.T.astype(np.int64))
        rates = np.array([_entropy(column) for column in counts])
        worth = np.flatnonzero(saved > rates * 2 * math.log(2) * step**2 / 12)
        return int(worth[-1]) + 1 if len(worth) else 1

    def context(self, step: float, vectors: Vectors, q_max: int, headroom: bool) -> Context:
        """The context with this step, its range and code tables from `vectors`."""
        if not (isinstance(step, Real) and 0 < step < math.inf):
            raise ValueError(f"step must be a positive number, not {step!r}")
        transform, keep = self.transform, self.kept(step)
        coefficients = (vectors - transform.mean) @ transform.weights[:keep].T / step
        low, high = float(coefficients.min()), float(coefficients.max())
        if headroom and transform.kind == "none":  # all that int8 holds: nothing can be clipped
            origin = transform.mean[0]
            low, high = (self.low - origin) / step, (127 - origin) / step
        elif headroom:
            spread = HEADROOM * (high - low)
            low, high = low - spread, high + spread
        q_max, zero_point = _range(low, high, q_max, headroom, self.params.coder)
        inverse, gain = self._decoder(step, keep)
        scales = _scales(step, transform.units[:keep], gain)
        shift, scale, inverse_shift, inverse_scale = scales
        matrix = np.ascontiguousarray(transform.matrix[:keep])
        encoder = {
            "shift": shift,
            "scale": scale,
            "bias": _bias(transform, keep, shift),
            "matrix": matrix,
        }
        decoder = {
            "inverse_shift": inverse_shift,
            "inverse_scale": inverse_scale,
            "offset": np.rint(transform.mean * 2**inverse_shift).astype(np.int32),
            "low": self.low,
            "high": self.high,
            "matrix": inverse,
        }
        shared: dict[str, Any] = {
            "transform": transform.kind,
            "coder": self.params.coder,
            "channels": len(transform.mean),
            "components": keep,
            "q_max": q_max,
            "zero_point": zero_point,
            "matrix_bits": self.params.matrix_bits if transform.kind == "matrix" else 8,
        }
        # the tables come last: their counts are those of the symbols that the integers give
        trial = {"boundaries": (), "coder": "rice", "lengths": np.zeros((0, q_max + 2), np.uint8)}
        if self.params.coder != "rice":
            even = huffman.code_lengths(np.ones(q_max + 2), self.params.max_code_bits)
            trial = {"boundaries": (), "lengths": even[None]}
        first = EncoderContext(**(shared | trial), **encoder)
        symbols, _ = fast.quantise(first, fast.forward(first, vectors))
        boundaries, lengths, encoder["end_before"] = choose_tables(
            symbols, zero_point, q_max, self.params
        )
        shared |= {"boundaries": boundaries, "lengths": lengths}
        return Context.of(shared, encoder, decoder)

    def _decoder(self, step: float, keep: int) -> tuple[npt.NDArray[np.int16], float]:
        """The decoder's matrix, and what it makes of a coefficient's unit in a value's unit."""
        transform = self.transform
        if transform.kind != "matrix":
            return transform.matrix, 120 if transform.kind == "dct4" else 128
        limit = 1 << transform.fraction_bits
        if transform.orthonormal:
            return np.ascontiguousarray(transform.matrix[:keep].T), limit
        columns = transform.inverse[:, :keep]
        # as large as an entry holds, and as the 17 bits of a sum do that is to make 255
        gain = min((limit - 1) / np.abs(columns).max(), 65535 * step / 255)
        return np.rint(columns * gain).astype(np.int16), gain


def bisect_step(trials: list[Trial], snr_db: float) -> float:
    """The largest step with which the trials together keep a ratio of signal to noise.

    Raises:
        ValueError: it is not a finite number, or out of reach of `q_max` or of 8-bit values.
    """
    if not math.isfinite(snr_db):
        raise ValueError(f"snr_db must be finite, not {snr_db!r}")
    signal = sum(trial.signal for trial in trials)

    def reached(step: float) -> float:
        noise = sum(trial.noise(step) for trial in trials)
        return 10 * math.log10(signal / noise) if noise else math.inf

    fine = max(max(trial.finest_step for trial in trials), 2.0**-6)
    coarse = fine * max(trial.params.q_max for trial in trials)
    if reached(fine) < snr_db:
        q_max = min(trial.params.q_max for trial in trials)
        raise ValueError(
            f"snr_db must be at most {reached(fine):.1f} here (q_max = {q_max}), not {snr_db!r}"
        )
    for _ in range(16):
        middle = math.sqrt(fine * coarse)
        fine, coarse = (middle, coarse) if reached(middle) >= snr_db else (fine, middle)
    return fine


def _entropy(counts: npt.NDArray[np.int64]) -> float:
    """Order-0 entropy in bits a symbol, less the bias that few samples have (Miller, Madow)."""
    counts = counts[counts > 0]
    total = counts.sum()
    if not total:  # a component behind the end of every vector
        return 0.0
    bias = (len(counts) - 1) / (2 * math.log(2) * total)
    return float(np.log2(total) - (counts * np.log2(counts)).sum() / total + bias)


def _scales(
    step: float, units: Floats, gain: float
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], int, int]:
    """s and M of every component, Sd and Md, for a step.

    Eight bits hold a scale to 0.4 %; of the steps that are as near as that, the one is taken of
    which encoder and decoder think most alike.
    """
    inverse_shift = min(7 - math.floor(math.log2(step / gain)), 15)
    best = round(step / gain * 2.0**inverse_shift)
    found = []
    for inverse_scale in range(max(best - 1, 1), min(best + 1, 255) + 1):
        real = inverse_scale / 2.0**inverse_shift * gain
        exponent = np.floor(np.log2(real * units)).astype(int)  # 2^exponent <= step in units
        shift = exponent - 7 + (np.rint(2.0 ** (exponent + 7) / (real * units)) < 128)
        scale = np.rint(2.0 ** (14 + shift) / (real * units)).astype(int)
        over = scale == 256
        shift, scale = shift - over, np.where(over, 128, scale)
        apart = np.abs(scale * real * units / 2.0 ** (14 + shift) - 1).max()
        fits = shift.min() >= 0 and shift.max() <= 15 and scale.min() >= 128 and scale.max() <= 255
        if fits:
            found.append((apart + 0.1 * abs(real / step - 1), inverse_scale, shift, scale))
    if not found:
        raise ValueError(f"step must give scales that M 2^-s can hold, not {step!r}")
    _, inverse_scale, shift, scale = min(found, key=lambda one: one[0])
    return shift.astype(np.int32), scale.astype(np.int32), inverse_shift, inverse_scale


def _bias(transform: Transform, keep: int, shift: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The transformed mean, less half a unit of what the shift by s drops: rounding for nothing."""
    if transform.kind == "matrix":
        exact = transform.matrix[:keep].astype(np.float64) @ transform.mean
    elif transform.kind == "dct4":  # 16 values to component 0, in units of 1 / 32
        exact = np.where(np.arange(16) == 0, 512 * transform.mean, 0)
    else:
        exact = transform.mean * 2**transform.fraction_bits
    half = 1 << shift >> 1
    if transform.kind == "dct4":
        half[1:] = 0
    return (np.rint(exact) - half).astype(np.int32)


def _range(low: float, high: float, q_max: int, fit: bool, coder: str) -> tuple[int, int]:
    """q_max and zero point for coefficients in units of the step; 0 is always a symbol.

    Where they `fit` into fewer symbols, q_max is no larger than it has to be. With rice
    coefficients have 8 bits.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if fit:
        q_max = min(q_max, max(math.ceil(high) - math.floor(low), 1))
    share = -low / (high - low) if high > low else 0.0
    zero_point = min(max(round(share * q_max), 0), q_max)
    if coder == "rice":
        zero_point = min(zero_point, 128)
        q_max = min(q_max, zero_point + 127)
    return q_max, zero_point
