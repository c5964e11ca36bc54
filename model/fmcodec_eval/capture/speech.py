"""Inputs of a keyword-spotting network: mel-frequency cepstra of spoken words.

The features are those that MLPerf Tiny trains its network with: 16 kHz, windows of 30 ms every
20 ms, 40 mel bands from 20 Hz to 4 kHz, the first ten cepstral coefficients. The words that come
with the package (`fmcodec/data/spoken_words.npz`) are synthetic: espeak-ng speaks them.

    python -m fmcodec_eval.capture.speech spoken_words.npz
"""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from importlib.resources import files

import numpy as np

from fmcodec.errors import InputError

__all__ = ["WORDS", "cepstra", "quantise", "spoken_words"]

RATE = 16_000
WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
VOICES = ("en-us", "en-gb", "en-us+f3", "en-us+m3")
# input quantisation of the MLPerf Tiny network
SCALE, ZERO_POINT = 0.5847029089927673, 83


def cepstra(samples: np.ndarray) -> np.ndarray:
    """One second of sound, float (16000,) -> cepstral coefficients, float32 (49, 10)."""
    window, step, size, bands = 480, 320, 512, 40
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::step]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    spectrum = np.abs(np.fft.rfft(frames * hann, size))
    logarithm = np.log(spectrum @ _mel_bands(spectrum.shape[1], bands) + 1e-6)
    angle = np.pi / bands * np.outer(np.arange(bands) + 0.5, np.arange(10))
    return (logarithm @ np.cos(angle) * np.sqrt(2 / bands)).astype(np.float32)


def _mel_bands(bins: int, bands: int) -> np.ndarray:
    """Triangular bands, equally wide on the mel scale, as a matrix (bins, bands)."""

    def mel(hertz: np.ndarray | float) -> np.ndarray:
        return 1127 * np.log1p(np.asarray(hertz) / 700)

    edges = np.linspace(mel(20), mel(4000), bands + 2)
    places = mel(np.linspace(0, RATE / 2, bins))[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    slopes = np.minimum((places - low) / (middle - low), (high - places) / (high - middle))
    matrix = np.maximum(slopes, 0)
    matrix[0] = 0  # the constant part of a sound is no tone
    return matrix


def quantise(features: np.ndarray) -> np.ndarray:
    """Cepstra as the network's input, int8 (49, 10, 1)."""
    steps = np.round(features / SCALE) + ZERO_POINT
    return np.clip(steps, -128, 127).astype(np.int8)[..., None]


def speak(word: str, voice: str, speed: int) -> np.ndarray:
    """A word spoken by espeak-ng, float (16000,) in -1..1, its loudest part in the middle."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", word]
    try:
        sound = subprocess.run(command, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError("speech needs espeak-ng: apt-get install espeak-ng") from error
    with wave.open(io.BytesIO(sound)) as file:
        rate = file.getframerate()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(float)
    places = np.arange(0, len(raw) - 1, rate / RATE)
    samples = np.interp(places, np.arange(len(raw)), raw)
    energy = np.convolve(samples**2, np.ones(RATE // 2), "same")
    start = int(np.argmax(energy)) - RATE // 2
    padded = np.pad(samples, RATE)[start + RATE : start + 2 * RATE]
    return padded / max(np.abs(padded).max(), 1.0)


def spoken_words() -> tuple[np.ndarray, np.ndarray]:
    """The words that come with the package: inputs int8 (N, 49, 10, 1) and indices into `WORDS`."""
    with np.load(str(files("fmcodec_eval") / "data" / "spoken_words.npz")) as file:
        return file["images"], file["labels"]


def main() -> None:
    """Speak every word with every voice at two speeds, and save the inputs."""
    inputs, labels = [], []
    for label, word in enumerate(WORDS):
        for voice in VOICES:
            for speed in (130, 170):
                inputs.append(quantise(cepstra(speak(word, voice, speed))))
                labels.append(label)
    np.savez_compressed(sys.argv[1], images=np.stack(inputs), labels=np.array(labels, np.uint8))


if __name__ == "__main__":
    main()
