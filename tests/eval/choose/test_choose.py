"""Which cores to build: builds by hand, the Pareto set, and the command."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.choose.builds import LANES, best, builds, codecs_of, frontier
from fmcodec_eval.cores import Core, load
from fmcodec_eval.report.answer import System
from fmcodec_eval.report.engine import LocalRunner, measure
from fmcodec_eval.report.plan import Plan
from fmcodec_eval.report.store import Store
from fmcodec_eval.report.summary import Summary


def fmcodec(*arguments):
    run = "from fmcodec_eval.cli import main; main()"
    command = [sys.executable, "-c", run, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def summary(tmp_path_factory, maps_folder_once):
    out = tmp_path_factory.mktemp("report")
    plan = Plan((SourceSpec(str(maps_folder_once)),), codecs_of(load(), 8), orders=("nchw", "nhwc"))
    store = Store(out, resume=True)
    store.tables(measure(plan, store, LocalRunner()))
    return Summary(out)


@pytest.fixture(scope="module")
def maps_folder_once(tmp_path_factory):
    import numpy as np

    folder = tmp_path_factory.mktemp("maps")
    rng = np.random.default_rng(5)
    for image in range(2):
        maps = {
            "a": rng.normal(size=(8, 12, 12)).cumsum(axis=2),
            "b.relu": rng.normal(size=(4, 9, 9)).clip(0),
        }
        np.savez(folder / f"image{image}.npz", **{k: v.astype("f4") for k, v in maps.items()})
    return folder


def test_a_netlist_is_fast_enough_for_its_clock():
    core = Core(netlists=((2.0, 300.0), (3.0, 200.0), (5.0, 150.0)))
    assert [core.area_at(period) for period in (1.9, 2.0, 4.9, 5.0, 99.0)] == [
        None, 300.0, 200.0, 150.0, 150.0,
    ]  # fmt: skip


def test_the_cores_of_words_of_8_bits():
    found = codecs_of(load(), 8)
    assert "rice" in found
    assert "ebpc:block_words=8,max_zero_run=16" in found
    assert codecs_of(load(), 12) == ()


def test_words_of_16_bits_have_cores_of_both_codecs(tmp_path, maps_folder_once):
    found = codecs_of(load(), 16)
    assert {"rice", "ebpc:block_words=16,max_zero_run=16"} <= set(found)
    plan = Plan((SourceSpec(str(maps_folder_once)),), found, ("fixed16",))
    store = Store(tmp_path / "out")
    store.tables(measure(plan, store, LocalRunner()))
    case = Summary(tmp_path / "out").cases[0]
    made = builds(Summary(tmp_path / "out"), case.network, case.format, System(), 1.0)
    assert {build.encoder.split()[0] for build in made} == {"rice", "ebpc"}


def test_a_port_of_four_words_is_a_choice(summary):
    case = summary.cases[0]
    narrow = next(c for c in load().configs if c.name == "rice 8p2")
    wide = replace(narrow, name="rice 8p4", params={"word_bits": 8, "port_words": 4})
    system = System(cores=replace(load(), configs=(narrow, wide)))
    found = builds(summary, case.network, case.format, system, 1.0)
    assert {build.port_words for build in found} == {2, 4}


def test_figures_of_a_build(summary):
    case, system = summary.cases[0], System()
    found = builds(summary, case.network, case.format, system, gbps=1.0)
    build = next(b for b in found if b.codec == "rice" and b.order == "nchw" and b.port_words == 1)
    config = next(c for c in system.cores.configs if c.name == "rice 8p1")
    rate = summary.words_per_cycle(case)["rice p1"]
    assert build.clock_mhz == pytest.approx(1000 / (8 * rate))
    period = 8 * rate
    assert build.gates == config.encoder.area_at(period) + config.decoder.area_at(period)
    assert build.gbps == pytest.approx(
        8 * rate / max(config.encoder.period_ns, config.decoder.period_ns)
    )
    sizes = summary.layer_sizes(case)
    sums = sizes[sizes.codec == "rice"][["raw_bytes", "stored_bytes"]].sum()
    assert build.ratio == sums.raw_bytes / sums.stored_bytes
    assert build.saved == pytest.approx(1 - 1 / build.ratio)  # nothing is known of weights here


def test_every_build_is_fast_enough_and_more_is_asked_of_more_lanes(summary):
    case, system = summary.cases[0], System()
    for gbps in (0.5, 2.0, 8.0, 20.0):
        found = builds(summary, case.network, case.format, system, gbps)
        assert found
        assert all(build.gbps >= gbps * (1 - 1e-9) for build in found)
        assert all(build.lanes in LANES for build in found)
    assert min(build.lanes for build in found) > 4
    assert builds(summary, case.network, case.format, system, 1000.0) == []


def test_the_pareto_set(summary):
    case = summary.cases[0]
    found = builds(summary, case.network, case.format, System(), 0.5)
    edge = frontier(found)
    for build in found:
        beaten = any(
            (o.gates <= build.gates and o.saved > build.saved)
            or (o.gates < build.gates and o.saved >= build.saved)
            for o in found
        )
        if not beaten:
            assert any((o.gates, o.saved) == (build.gates, build.saved) for o in edge)
        else:
            assert build not in edge
    assert best(found, math.inf).saved == max(build.saved for build in found)
    assert best(found, min(build.gates for build in found) - 1) is None
    cheap = replace(edge[0], gates=1.0, saved=0.0)
    assert best([*found, cheap], 2.0) == cheap


def test_the_command(tmp_path, summary, maps_folder_once):
    run = fmcodec(
        "choose", maps_folder_once, "--gates", 4000, "--gbps", 2, "-o", tmp_path / "out",
        "--export", "timeloop", "--export", "zigzag",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    record = json.loads((tmp_path / "out" / "choice.json").read_text())
    chosen = next(b for b in record["builds"] if b["name"] == record["chosen"])
    assert chosen["pareto"]
    assert chosen["gates"] <= 4000
    assert f"Build {chosen['name']}, maps stored nchw" in run.stdout
    # every figure stands below its head, the last column says what is in the Pareto set
    lines = run.stdout.splitlines()
    head = next(line for line in lines if "Gbit/s at most" in line)
    row = next(line for line in lines if line.strip().startswith(f"{chosen['name']} "))
    assert head.rstrip().endswith("pJ/word   Pareto")
    assert row.rstrip().endswith("yes")
    assert len(row.rstrip()) == len(head.rstrip())
    assert row[: head.index("GE") + 2].endswith(f" {chosen['gates']:,.0f}")
    assert (tmp_path / "out" / "choice.svg").read_text().startswith("<svg")
    assert len(list((tmp_path / "out" / "timeloop").iterdir())) == 2
    assert (tmp_path / "out" / "zigzag" / "operand_precision.yaml").exists()
    again = fmcodec("choose", maps_folder_once, "--gates", 10, "--gbps", 2, "-o", tmp_path / "out")
    assert again.returncode == 0
    assert "Nothing fits 10 GE" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gbps", 1e6), "no cores code 1e+06 Gbit/s of maps"),
        (("--format", "fixed12"), "format must be one whose words have cores, not 'fixed12'"),
        (("--rewrite", "a.csv"), "rewrite must come with one export, scalesim or zigzag"),
        (("--gates", 0), "Invalid value for '--gates'"),
    ],
)
def test_refused(tmp_path, maps_folder_once, arguments, message):
    run = fmcodec("choose", maps_folder_once, *arguments, "-o", tmp_path / "out")
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1
