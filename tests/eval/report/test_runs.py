"""Long runs: bad images, progress where nobody watches, finished ones; what a run writes down."""

import csv
import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from fmcodec_eval.capture import SourceSpec  # noqa: E402
from fmcodec_eval.report.plan import digest_of  # noqa: E402
from fmcodec_eval.report.progress import show_progress  # noqa: E402
from tests.eval.report.test_report import fmcodec  # noqa: E402


@pytest.fixture
def bad_maps(maps_folder):
    """Image 1 is damaged, image 4 has a NaN in its second layer."""
    (maps_folder / "image1.npz").write_bytes(b"PK\3\4no archive")
    layers = dict(np.load(maps_folder / "image4.npz"))
    layers["project"][1, 2, 3] = np.nan
    np.savez(maps_folder / "image4.npz", **layers)
    return maps_folder


def test_bad_images_are_left_out_and_listed(bad_maps, tmp_path):
    out = tmp_path / "out"
    done = fmcodec("report", bad_maps, "-o", out, "-c", "zvc", "--skip-bad")
    assert done.returncode == 0, done.stderr
    first, second = (line for line in done.stderr.splitlines() if "skipped" in line)
    assert "maps, image 1 was skipped: " in first
    assert "image1.npz must be an array of numbers" in first
    assert "maps, image 4 was skipped: layer 'project' must be finite" in second
    found = pd.read_parquet(out / "maps.parquet")
    assert set(found.image) == {0, 2, 3, 5}  # nothing of image 4 but its good first layer either
    line = "maps: 2 of 6 images could not be used and are left out: 1, 4 (reasons in run.json)."
    assert line in (out / "report.html").read_text()
    skipped = json.loads((out / "run.json").read_text())["skipped"]
    assert [(each["network"], each["image"]) for each in skipped] == [("maps", 1), ("maps", 4)]
    # the good ones give what they give alone
    for bad in ("image1.npz", "image4.npz"):
        (bad_maps / bad).unlink()
    fmcodec("report", bad_maps, "-o", tmp_path / "good", "-c", "zvc")
    good = pd.read_parquet(tmp_path / "good" / "maps.parquet")
    assert found.bits.tolist() == good.bits.tolist()
    assert found.words.tolist() == good.words.tolist()


def test_fmtc_leaves_bad_images_out_too(bad_maps, tmp_path):
    """What it measures is what it measures of the good images alone."""
    out, good = tmp_path / "out", tmp_path / "good"
    options = ("-c", "zvc", "--fmtc", "20")
    done = fmcodec("report", bad_maps, "-o", out, *options, "--skip-bad")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("was skipped") == 2
    for bad in ("image1.npz", "image4.npz"):
        (bad_maps / bad).unlink()
    fmcodec("report", bad_maps, "-o", good, *options)
    assert (out / "fmtc.csv").read_text() == (good / "fmtc.csv").read_text()


def test_fmtc_needs_two_good_images(bad_maps, tmp_path):
    for image in (2, 3, 5):
        (bad_maps / f"image{image}.npz").write_bytes(b"PK\3\4no archive")
    options = ("-c", "zvc", "--fmtc", "20", "--skip-bad")
    done = fmcodec("report", bad_maps, "-o", tmp_path / "out", *options)
    assert done.returncode == 2
    assert "fmtc needs two images of maps at least" in done.stderr.splitlines()[-1]


def test_without_leave_a_bad_image_ends_the_run(bad_maps, tmp_path):
    done = fmcodec("report", bad_maps, "-o", tmp_path / "out", "-c", "zvc")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("fmcodec: maps, image 1: ")


def test_some_image_has_to_be_good(maps_folder, tmp_path):
    for file in maps_folder.iterdir():
        file.write_bytes(b"PK\3\4no archive")
    done = fmcodec("report", maps_folder, "-o", tmp_path / "out", "-c", "zvc", "--skip-bad")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_picture_that_is_too_large_is_one_line(tmp_path):
    image = pytest.importorskip("PIL.Image")
    from fmcodec_eval.capture import InputError
    from fmcodec_eval.capture.images import open_images

    image.new("1", (14_000, 14_000)).save(tmp_path / "large.png")
    with pytest.raises(InputError, match=r"large\.png must be a picture of 178,956,970 pixels"):
        open_images(str(tmp_path / "large.png"))


def test_progress_is_plain_lines_where_there_is_no_terminal():
    log = io.StringIO()
    with show_progress(Console(file=log, width=200), every=0) as tell:
        tell("net: codecs", 3, 40)
        tell("net: codecs", 4, 40)
    assert log.getvalue() == "net: codecs: 3 of 40\nnet: codecs: 4 of 40\n"
    log = io.StringIO()
    with show_progress(Console(file=log, width=200), every=3600) as tell:
        tell("net: codecs", 3, 40)
    assert log.getvalue() == ""


def test_a_finished_run_resumes_at_once(maps_folder, tmp_path):
    out = tmp_path / "out"
    command = ["report", maps_folder, "-o", out, "-c", "zvc", "-f", "float16"]
    assert fmcodec(*command).returncode == 0
    (out / "maps.csv").unlink()  # nothing is written again
    again = fmcodec(*command, "--resume")
    assert (again.returncode, again.stdout, again.stderr) == (0, f"{out}/report.html\n", "")
    assert not (out / "maps.csv").exists()
    # other options, or other files, are another run
    assert fmcodec(*command, "--resume", "--safety", "0.5").returncode == 0
    assert (out / "maps.csv").exists()
    (out / "maps.csv").unlink()
    (maps_folder / "image5.npz").unlink()
    assert fmcodec(*command, "--resume", "--safety", "0.5").returncode == 0
    assert (out / "maps.csv").exists()


def test_changed_figures_of_cores_are_another_run(maps_folder, tmp_path):
    out, file = tmp_path / "out", tmp_path / "cores.json"
    figures = {"about": "mine", "configs": {"rice a": {
        "codec": "rice", "params": {"word_bits": 8, "port_words": 2},
        "cores": {"encoder": {"area_ge": 911}, "decoder": {"area_ge": 1000}},
    }}}  # fmt: skip
    file.write_text(json.dumps(figures))
    command = ["report", maps_folder, "-o", out, "-c", "rice", "--cores", file]
    assert fmcodec(*command).returncode == 0
    assert "1911" in (out / "report.html").read_text().replace(",", "").replace("\u202f", "")
    figures["configs"]["rice a"]["cores"]["encoder"]["area_ge"] = 1922
    file.write_text(json.dumps(figures))
    assert fmcodec(*command, "--resume").returncode == 0
    page = (out / "report.html").read_text().replace(",", "").replace("\u202f", "")
    assert "2922" in page
    assert "1911" not in page


def test_changed_code_of_a_network_is_another_run(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "mynet.py"
    digests = []
    for text in ("def make(): return 1\n", "def make(): return 22\n"):
        file.write_text(text)
        digests.append(digest_of(SourceSpec("mynet:make")))
    assert digests[0] != digests[1]


def test_a_network_of_the_working_folder_is_found(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "import torch\ndef make(): return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 1))\n"
    )
    # as an installed command runs: without the working folder on the path
    code = "import sys; sys.path.remove(''); from fmcodec_eval.cli import main; main()"
    command = [sys.executable, "-c", code, "report", "mine:make", "-i", "random:1", "--size", "8"]
    command += ["-c", "rice", "-o", "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").exists()


def test_what_moves_the_results_is_written_down(maps_folder, tmp_path):
    out = tmp_path / "out"
    fmcodec("report", maps_folder, "-o", out, "-c", "zvc", "--safety", "0.5")
    run = json.loads((out / "run.json").read_text())
    assert run["plan"]["safety"] == 0.5
    assert run["versions"].keys() == {"fmcodec", "python", "numpy", "numba"}
    files = sorted(maps_folder.iterdir())
    lines = [f"{f.name}\n{hashlib.sha256(f.read_bytes()).hexdigest()}\n" for f in files]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert run["networks"]["maps"]["sha256"] == digest
    assert digest in (out / "report.html").read_text()
    with (out / "tensors.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["name"], row["shape"], row["stored"]) for row in rows] == [
        ("conv1", "4x6x10", "True"),
        ("project", "2x6x10", "True"),
    ]
