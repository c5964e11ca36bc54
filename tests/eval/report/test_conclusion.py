"""What a page concludes, worked out again from the tables; colours, axes and options."""

import json
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest

from fmcodec_eval.capture import InputError, SourceSpec
from fmcodec_eval.energy import memory_of

pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

from fmcodec_eval.drawing import COLOURS, RESERVE, colour, worth  # noqa: E402
from fmcodec_eval.report import about  # noqa: E402
from fmcodec_eval.report.answer import Layers, System, best, candidates  # noqa: E402
from fmcodec_eval.report.conclusion import COLUMNS, conclusion, yardsticks  # noqa: E402
from fmcodec_eval.report.engine import LocalRunner, measure  # noqa: E402
from fmcodec_eval.report.page import Table  # noqa: E402
from fmcodec_eval.report.plan import Plan  # noqa: E402
from fmcodec_eval.report.store import Store  # noqa: E402
from fmcodec_eval.report.summary import Case, Summary  # noqa: E402

CASE = Case("maps", "fixed8", "nchw")


@pytest.fixture
def summary(maps_folder, tmp_path):
    """Smooth maps with weights of 1000 values, half of them read by the first layer."""
    plan = Plan((SourceSpec(str(maps_folder)),), ("zvc", "ebpc", "rice", "deflate"))
    store = Store(tmp_path / "out")
    store.tables(measure(plan, store, LocalRunner()))
    weights = {"conv1": about.Weights(500, 2000), "project": about.Weights(500, 2000)}
    about.write(tmp_path / "out", {"maps": about.About(weights, notes=["Assumed: nothing."])})
    return Summary(tmp_path / "out")


def chosen(summary, system):
    return best(candidates(summary, CASE, system))


def test_the_codec_to_build_is_worked_out_again(summary, tmp_path):
    """Traffic, energy and losses from maps.parquet and cores.json, in other words."""
    system = System(frames=50.0, batch=4)
    rows = pd.read_parquet(tmp_path / "out" / "maps.parquet")
    sums = rows.groupby("codec").stored_64.sum() / 6
    found = chosen(summary, system)
    assert found.codec == min(("ebpc", "rice"), key=lambda codec: sums[codec])
    # conv1 has 240 words and project 120: 256 and 128 bytes in bursts
    assert found.raw_bytes == 384
    # an ideal ratio knows nothing of bursts: it is that of every other table
    assert found.ideal_ratio == pytest.approx(summary.ratios(summary.of(CASE))[found.codec].iloc[0])
    assert found.stored_bytes == pytest.approx(sums[found.codec])
    assert found.weight_bytes == 1000 / 4
    assert found.traffic == pytest.approx((768 + 250, 2 * sums[found.codec] + 250))
    assert found.saved == pytest.approx(1 - found.traffic[1] / 1018)
    by = rows[rows.codec != "deflate"].groupby(["layer", "codec"]).stored_64.sum().unstack() / 6
    assert found.best_bytes == pytest.approx(by.min(axis=1).sum())

    spent = 0.0
    cores = json.loads((files("fmcodec_eval") / "data/cores.json").read_text())
    once = rows[rows.codec == found.codec].groupby("layer")[["zeros", "words"]].sum()
    for zeros, words in once.itertuples(index=False):
        for core in cores["configs"][found.config.name]["cores"].values():
            spent += words / 6 * np.interp(zeros / words, *zip(*core["energy"], strict=True)) * 1e-9
    saved = 8 * (384 - sums[found.codec]) * 16 * 1e-9
    assert found.codec_mj == pytest.approx(spent)
    assert found.dram_saved_mj == pytest.approx(saved)
    assert found.net_saved_mj == pytest.approx(saved - spent)
    # with a map as large as the break-even ratio says, nothing would be saved
    pj = spent / 360 * 1e9
    assert found.break_even == pytest.approx(128 / (128 - pj))


def test_the_page_says_it_in_words_and_in_a_table(summary):
    system = System()
    found = candidates(summary, CASE, system)
    section = conclusion(summary, system, [found])
    assert section.text[0] == "Assumed: nothing."
    to_build = best(found)
    assert section.text[1].startswith("maps, fixed8 words: build ")
    assert f"saves {to_build.saved:.0%} of the whole traffic (with weights)" in section.text[1]
    assert "2 of 2 layers work on chip. No map then has to leave the chip" in section.text[3]
    table = section.table
    assert list(table.columns) == [name for name in COLUMNS if name != "network"]
    assert table.rows[0][0] == "uncompressed"
    assert len(table.rows) == 4
    assert {row for row, _ in table.strong} == {
        [row[2] for row in table.rows].index(to_build.config.name)
    }
    assert [row[0] for row in yardsticks([found]).table.rows] == ["DEFLATE"]


def test_what_does_not_pay_is_said(summary):
    """A memory that costs next to nothing saves less than the cores spend."""
    cheap = System(memory=memory_of("SRAM:0.01:0.01"))
    text = " ".join(conclusion(summary, cheap, [candidates(summary, CASE, cheap)]).text)
    assert "coding costs" in text
    assert "pays above" not in text
    assert chosen(summary, cheap).net_saved_mj < 0
    small = System(on_chip=100)
    text = " ".join(conclusion(summary, small, [candidates(summary, CASE, small)]).text)
    assert "0 of 2 layers work on chip." in text
    assert "hypothetical" not in text


def test_layers_know_their_weights_and_their_neighbours(summary):
    layers = Layers(summary, CASE)
    assert layers.weights == {"conv1": 500, "project": 500}
    assert layers.working_set().to_dict() == {"conv1": 240, "project": 360}


def test_systems_are_checked():
    with pytest.raises(InputError, match="burst must be 32, 64, 128, not 16"):
        System(burst=16)
    for name in ("frames", "batch", "on_chip"):
        with pytest.raises(InputError, match=f"{name} must be above 0, not 0"):
            System(**{name: 0})


def test_a_lean_table_has_no_column_of_one_value():
    table = Table(
        ["network", "format", "codec", "ratio"],
        [["n", "a", "x", "1"], ["n", "b", "x", "2"]],
        frozenset({(0, 0), (1, 3)}),
        texts=3,
    )
    lean = table.lean()
    assert lean.columns == ["format", "codec", "ratio"]
    assert lean.rows == [["a", "x", "1"], ["b", "x", "2"]]
    assert (lean.strong, lean.texts) == (frozenset({(1, 2)}), 2)


def test_small_maps_do_not_scale_an_axis():
    kept = worth([1000, 4, 500, 1])
    assert kept.tolist() == [True, False, True, False]
    assert worth([1, 1]).all()


def test_codecs_can_be_told_apart():
    """Every pair of colours differs well, by the distance in CIE Lab."""
    from matplotlib.colors import to_rgb

    def lab(shade):
        linear = np.array(
            [c / 12.92 if c < 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade]
        )
        m = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
        x, y, z = np.cbrt(m @ linear / np.array([0.9505, 1.0, 1.089]))
        return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])

    shades = [lab(to_rgb(each)) for each in (*COLOURS.values(), *RESERVE)]
    assert min(np.linalg.norm(a - b) for a, b in combinations(shades, 2)) > 18
    codecs = ["ebpc", "ebpc:block_words=16", "ebpc:block_words=4", "rice:delta=0", "rice"]
    assert len({colour(codec, codecs) for codec in codecs}) == len(codecs)
