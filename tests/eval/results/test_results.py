"""Parts of the results page: the yardsticks, the intervals, what is kept of a page."""

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

from fmcodec_eval.results import lossy, page, yardsticks  # noqa: E402


def test_yardsticks_are_sizes_of_what_decodes():
    codecs = pytest.importorskip("imagecodecs")
    rng = np.random.default_rng(2)
    words = (rng.normal(size=(4, 12, 20)).cumsum(axis=2) * 5).clip(-128, 127).astype(np.int8)
    patterns = (words.view(np.uint8) ^ 0x80).reshape(48, 20)  # signed words: the smaller ones
    coded = codecs.jpegls_encode(patterns)
    np.testing.assert_array_equal(codecs.jpegls_decode(coded), patterns)
    assert yardsticks.jpegls_bits(words) == 8 * len(coded)
    sizes = []
    for block in yardsticks.BLOCKS:
        coded = codecs.aec_encode(
            patterns.ravel(), bitspersample=8, flags=yardsticks.PREPROCESS, blocksize=block, rsi=128
        )
        again = codecs.aec_decode(
            coded, bitspersample=8, flags=yardsticks.PREPROCESS, blocksize=block, rsi=128,
            out=patterns.size,
        )  # fmt: skip
        assert bytes(again) == patterns.tobytes()
        sizes.append(8 * len(coded))
    assert yardsticks.aec_bits(words) == min(sizes)


def test_intervals_are_those_of_images():
    def rows(bits):
        return pd.DataFrame({"image": range(len(bits)), "raw_bits": 100.0, "bits": bits})

    assert page.interval(rows([50.0] * 9)) == (2.0, 2.0)
    rng = np.random.default_rng(4)
    bits = 50 + 5 * rng.normal(size=400)
    low, high = page.interval(rows(bits))
    # of a mean of many: normal, 1.96 deviations to either side
    spread = 1.96 * bits.std() / 20
    assert 100 / low == pytest.approx(bits.mean() + spread, abs=0.15 * spread)
    assert 100 / high == pytest.approx(bits.mean() - spread, abs=0.15 * spread)


def test_the_lossy_section_is_kept(tmp_path):
    assert lossy.kept(tmp_path / "no.md") == ""
    (tmp_path / "a.md").write_text("# Results\nx\n## Lossy: inside\ny\n")
    assert lossy.kept(tmp_path / "a.md") == "## Lossy: inside\ny\n"
