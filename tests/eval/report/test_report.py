import csv
import re
import signal
import subprocess
import sys
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest

from fmcodec.codecs import get_codec
from fmcodec_eval.capture import CapturedMap, InputError, SourceSpec
from fmcodec_eval.formats import Fixed

pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from fmcodec_eval.report.engine import LocalRunner, measure  # noqa: E402
from fmcodec_eval.report.measure import run  # noqa: E402
from fmcodec_eval.report.plan import Plan, Task, codec_config, tasks  # noqa: E402
from fmcodec_eval.report.store import Store  # noqa: E402
from fmcodec_eval.report.summary import Summary  # noqa: E402

CODECS = ("zvc", "ebpc", "ebpc:block_words=16", "entropy")


def small_plan(folder, **changes):
    plan = Plan((SourceSpec(str(folder)),), CODECS, ("fixed8", "float16"), ("nchw", "tile:4x4x2"))
    return replace(plan, **changes)


def table(plan, folder, runner=None, resume=False):
    store = Store(folder, resume)
    store.tables(measure(plan, store, runner or LocalRunner()))
    return pd.read_parquet(folder / "maps.parquet")


def fmcodec(*arguments):
    run = "from fmcodec_eval.cli import main; main()"
    command = [sys.executable, "-c", run, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_bits_are_those_of_the_codecs(maps_folder, tmp_path):
    found = table(small_plan(maps_folder, orders=("nhwc",)), tmp_path / "out")
    arrays = [dict(np.load(file)) for file in sorted(maps_folder.glob("*.npz"))]
    maximum = max(np.abs(array["project"]).max() for array in arrays)
    for image, array in enumerate(arrays):
        words = Fixed(8).words(array["project"], maximum).transpose(1, 2, 0).reshape(-1)
        rows = found[(found.image == image) & (found.layer == "project")]
        rows = rows[rows.format == "fixed8"].set_index("codec")
        for codec in CODECS:
            bits = get_codec(codec_config(codec), word_bits=8).encoded_bits(words)
            assert rows.bits[codec] == bits
        assert (rows.words == words.size).all()
        assert (rows.zeros == (words == 0).sum()).all()


def test_tiles_are_packets_of_their_own(maps_folder, tmp_path):
    found = table(small_plan(maps_folder), tmp_path / "out")
    tiles = found[(found.order == "tile:4x4x2") & (found.layer == "conv1")]
    assert set(tiles.packets) == {2 * 3 * 2}  # 4 x 6 x 10: channels, height, width
    zvc = found[found.codec == "zvc"].groupby("order").words.sum()
    assert zvc["nchw"] == zvc["tile:4x4x2"]


def test_of_several_sizes_of_tiles_the_best_has_figures(maps_folder, tmp_path):
    orders = [f"--order={order}" for order in ("nchw", "tile:2x2x1", "tile:4x8x2", "tile:4x10x4")]
    out = tmp_path / "out"
    done = fmcodec("report", maps_folder, "-o", out, "-c", "rice", "-f", "fixed8", *orders)
    assert done.returncode == 0, done.stderr
    drawn = {path.stem for path in (out / "figures").glob("layers-*.svg")}
    stored = pd.read_parquet(out / "maps.parquet").groupby("order", observed=True).stored_64.sum()
    best = stored[[order for order in stored.index if "tile" in order]].idxmin()
    assert drawn == {f"layers-maps-fixed8-{name}" for name in ("nchw", best.replace(":", "-"))}
    page = (out / "report.html").read_text()
    for order in ("nchw", "tile:2x2x1", "tile:4x8x2", "tile:4x10x4"):
        assert f"Layers: maps, fixed8, {order}" in page  # a table all the same


def test_words_per_cycle_come_from_the_throughput_bound(maps_folder, tmp_path):
    from fmcodec.ebpc import Params
    from fmcodec.ebpc.cycles import bound

    table(small_plan(maps_folder, formats=("fixed8",), orders=("nchw",)), tmp_path / "out")
    summary = Summary(tmp_path / "out")
    (case,) = summary.cases
    cycles, words, maximum = 0.0, 0, {}
    source = SourceSpec(str(maps_folder)).open()
    captured = [m for index in range(len(source)) for m in source.maps(index)]
    for one in captured:
        maximum[one.layer] = max(maximum.get(one.layer, 0), one.maximum())
    for one in captured:
        packet = one.words(Fixed(8), maximum[one.layer]).reshape(-1)
        cycles += bound(Params(port_words=1), packet)
        words += packet.size
    assert summary.words_per_cycle(case)["ebpc p1"] == pytest.approx(words / cycles, rel=1e-12)
    # start-up and flush are in, and the maps are small
    assert 0.9 < summary.words_per_cycle(case)["ebpc p2"] <= 1
    assert np.allclose(summary.symbols(case).sum(axis=1), 1)


@pytest.mark.parametrize("batches", [{"batch_images": 4}, {"batch_images": 1, "batch_layers": 1}])
def test_numbers_do_not_depend_on_the_batches(maps_folder, tmp_path, batches):
    whole = table(small_plan(maps_folder), tmp_path / "whole")
    cut = table(small_plan(maps_folder, **batches), tmp_path / "cut")
    keys = ["image", "layer", "format", "order", "codec"]
    pd.testing.assert_frame_equal(
        whole.sort_values(keys, ignore_index=True), cut.sort_values(keys, ignore_index=True)
    )


def test_interrupted_work_goes_on_where_it_stopped(maps_folder, tmp_path):
    plan = small_plan(maps_folder)
    done = []

    class Interrupted:
        def run(self, pending):
            for task in pending:
                if len(done) == 8:
                    raise KeyboardInterrupt
                done.append(task)
                yield task, run(task)

    class Counting:
        def run(self, pending):
            for task in pending:
                done.append(task)
                yield task, run(task)

    with pytest.raises(KeyboardInterrupt):
        table(plan, tmp_path / "out", Interrupted())
    assert Store(tmp_path / "out", resume=True).count() == 8
    with pytest.raises(InputError, match="must be new or empty; --resume goes on there"):
        Store(tmp_path / "out")
    resumed = table(plan, tmp_path / "out", Counting(), resume=True)
    assert len(done) == 12  # six images, twice: nothing was done again
    pd.testing.assert_frame_equal(resumed, table(plan, tmp_path / "whole"))


def test_parts_of_another_plan_or_other_data_are_not_taken(maps_folder):
    plan = small_plan(maps_folder)
    source = plan.sources[0]
    key = next(tasks(plan, source, "maxima")).key()
    assert key != next(tasks(replace(plan, safety=0.5), source, "maxima")).key()
    measured = Task(plan, "measure", (0, 1), None, {"conv1": 1.0})
    assert measured.key() != replace(measured, maxima={"conv1": 2.0}).key()
    (maps_folder / "image5.npz").write_bytes((maps_folder / "image0.npz").read_bytes())
    changed = next(tasks(plan, source, "maxima")).key()
    (maps_folder / "image9.npz").write_bytes((maps_folder / "image0.npz").read_bytes())
    assert len({key, changed, next(tasks(plan, source, "maxima")).key()}) == 3


def test_a_run_goes_on_from_another_folder(maps_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(maps_folder.parent)
    table(small_plan(maps_folder.name), tmp_path / "out")
    monkeypatch.chdir(maps_folder)

    class Refusing:
        def run(self, pending):
            assert not list(pending)
            yield from ()

    (maps_folder / "out").mkdir()  # an output in the folder itself is no change of the maps
    for typed in (".", "../maps/", maps_folder):
        found = table(small_plan(typed), tmp_path / "out", Refusing(), resume=True)
        assert set(found.network) == {"maps"}


def test_ten_thousand_images_hold_only_one_in_memory(monkeypatch):
    """Every map of an image is gone before the image after the next is captured."""
    alive = most = 0

    def gone():
        nonlocal alive
        alive -= 1

    class Endless:
        name = "endless"

        def __len__(self):
            return 10_000

        def maps(self, index):
            nonlocal alive, most
            for layer in ("a", "b", "c"):
                values = np.full((2, 4, 4), index % 7, np.float32)
                weakref.finalize(values, gone)
                alive += 1
                most = max(most, alive)
                yield CapturedMap(layer, "linear", values)

    monkeypatch.setattr(SourceSpec, "open", lambda self: Endless())
    plan = Plan((SourceSpec("endless"),), ("zvc",))
    assert len(list(tasks(plan, plan.sources[0], "measure"))) == 100
    run(Task(plan, "maxima", (0, 10_000)))
    run(Task(plan, "measure", (0, 300), None, dict.fromkeys("abc", 6.0)))
    assert most <= 2 * 3


def test_the_command_writes_a_self_contained_page(maps_folder, tmp_path):
    out = tmp_path / "report"
    done = fmcodec("report", maps_folder, "-o", out, "-c", "zvc", "-c", "ebpc", "--max-images", 3)
    assert done.returncode == 0, done.stderr
    assert "EBPC" in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(list((out / "figures").glob("*.svg")))
    assert not re.search(r'(src|href)="(?!#)', page.replace('xlink:href="#', 'x="'))
    with (out / "maps.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 2
    assert {row["format"] for row in rows} == {"fixed8"}
    names = {figure.stem.partition("-")[0] for figure in (out / "figures").glob("*.png")}
    assert names >= {"ratios", "layers", "images", "sparsity", "histograms", "symbols"}
    again = fmcodec("report", maps_folder, "-o", out)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == f"fmcodec: output '{out}' must be new or empty; --resume goes on there\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-c", "lzma"], r"fmcodec: codec must be one of .* not 'lzma'"),
        (["-c", "ebpc:depth=3"], "fmcodec: ebpc has no parameter 'depth'"),
        (["-c", "ebpc:block_words=x"], "fmcodec: block_words must be 4, 8, 16 or 32, not 'x'"),
        (["--size", "0"], "fmcodec: .*0 is not in the range"),
        (["-f", "int4"], "fmcodec: format must be deployed, .* not 'int4'"),
        (["-f", "deployed"], "fmcodec: maps is not quantised: it has no deployed words"),
        (["--order", "chwn"], "fmcodec: order must be nchw, nhwc or tile:HxWxC, not 'chwn'"),
        (["--layers", "fc"], "fmcodec: layers and kinds must select a map of maps"),
        (["--layers", "("], "fmcodec: layers must be a regular expression"),
        (["--safety", "2"], "fmcodec: safety must be above 0 and at most 1"),
        (["--max-images", "0"], "fmcodec: .*0 is not in the range"),
    ],
)
def test_wrong_options_are_refused_in_one_line(maps_folder, tmp_path, arguments, message):
    out = tmp_path / "report"
    done = fmcodec("report", maps_folder, "-o", out, *arguments)
    assert done.returncode == 2
    assert re.match(message, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert not out.exists()


def test_results_need_their_data(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("ai_edge_litert")
    done = fmcodec("results", "--data", tmp_path, "--work", tmp_path / "work")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"fmcodec: data must be a folder with models, but {tmp_path} has none\n"
    assert not (tmp_path / "work").exists()


def test_nan_is_refused_and_named(maps_folder, tmp_path):
    layers = dict(np.load(maps_folder / "image4.npz"))
    layers["project"][1, 2, 3] = np.nan
    np.savez(maps_folder / "image4.npz", **layers)
    done = fmcodec("report", maps_folder, "-o", tmp_path / "out", "-c", "zvc", "-f", "float16")
    assert done.returncode == 2
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(
        "fmcodec: maps, image 4: layer 'project' must be finite, but has a NaN or an infinity"
    )
    # what is done is kept for --resume, but no report is there that could be taken for whole
    assert not (tmp_path / "out" / "report.html").exists()
    assert not (tmp_path / "out" / "maps.csv").exists()


def test_ctrl_c_in_compiled_code_is_ctrl_c(monkeypatch):
    def interrupted(cause):
        try:
            raise cause
        except BaseException as error:
            raise SystemError("returned a result with an exception set") from error

    for cause, raised in ((KeyboardInterrupt(), KeyboardInterrupt), (OSError(), SystemError)):
        monkeypatch.setattr(
            "fmcodec_eval.report.engine.run", lambda task, cause=cause: interrupted(cause)
        )
        with pytest.raises(raised):
            next(LocalRunner().run([None]))


@pytest.mark.skipif(sys.platform == "win32", reason="signals are different there")
def test_ctrl_c_keeps_what_is_done(tmp_path):
    folder, out = tmp_path / "maps", tmp_path / "out"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for image in range(60):
        np.savez(folder / f"image{image:02}.npz", layer=rng.normal(size=(16, 64, 64)))
    arguments = ["report", str(folder), "-o", str(out), "-c", "zvc", "-c", "deflate"]
    command = [sys.executable, "-c", "from fmcodec_eval.cli import main; main()", *arguments]
    # a test runner in the background ignores ctrl-C, and its children would, too
    running = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(out.glob("parts/measure*.maps.parquet"))) < 3:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    kept = len(list(out.glob("parts/*.maps.parquet")))
    assert errors.splitlines()[-1] == (  # a slow run tells its progress before
        f"fmcodec: interrupted; {kept} finished tasks are kept in {out}: go on with --resume"
    )
    assert 63 <= kept < 120
    assert not (out / "report.html").exists()
