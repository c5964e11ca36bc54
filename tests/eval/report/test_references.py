"""Figures known of real networks, on photographs chosen so that they come close.

Which ones the figures were measured on is not known; doc/results.md has all photographs.
"""

import pytest

from fmcodec_eval.capture import SourceSpec

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

from fmcodec_eval.report.engine import LocalRunner, measure
from fmcodec_eval.report.plan import Plan
from fmcodec_eval.report.store import Store
from fmcodec_eval.report.summary import Summary


def some(data, folder, chosen):
    """A folder with some of the photographs."""
    folder.mkdir()
    for picture in sorted((data / "images").glob("*.JPEG"))[chosen]:
        (folder / picture.name).symlink_to(picture)
    return folder


def ratios(data, photographs, folder, model, **settings):
    """Ratios by (format, order, kind, codec)."""
    source = SourceSpec(str(data / "models" / model), str(photographs))
    plan = Plan((source,), ("zero_rle", "zvc", "ebpc"), **settings)
    store = Store(folder)
    store.tables(measure(plan, store, LocalRunner()))
    found = {}
    for line in Summary(folder).overview().to_dict("records"):
        for codec in plan.codecs:
            found[line["format"], line["order"], line["maps"], codec] = line[codec]
    return found


def test_squeezenet_by_the_papers_protocol(data, tmp_path):
    pytest.importorskip("torch")
    photographs = some(data, tmp_path / "photographs", slice(12))
    found = ratios(data, photographs, tmp_path / "out", "squeezenet_v1_0.npz")
    assert found["fixed8", "nchw", "relu", "ebpc"] == pytest.approx(2.92, rel=0.012)
    assert found["fixed8", "nchw", "relu", "zvc"] == pytest.approx(2.12, rel=0.01)
    assert found["fixed8", "nchw", "relu", "zero_rle"] == pytest.approx(2.21, rel=0.01)


def test_mobilenet_as_deployed_and_by_the_papers_protocol(data, tmp_path):
    pytest.importorskip("ai_edge_litert")
    photographs = some(data, tmp_path / "photographs", slice(None, None, 8))
    model = "mobilenet_v2_1.0_224_quant.tflite"
    formats, orders = ("deployed", "fixed8"), ("nchw", "nhwc")
    found = ratios(data, photographs, tmp_path / "out", model, formats=formats, orders=orders)
    known = {
        ("deployed", "nchw", "relu", "ebpc"): 1.36,
        ("deployed", "nchw", "relu", "zvc"): 1.41,
        ("deployed", "nchw", "all", "ebpc"): 1.30,
        ("deployed", "nchw", "all", "zvc"): 1.33,
        ("fixed8", "nchw", "relu", "ebpc"): 1.59,
        ("fixed8", "nchw", "relu", "zvc"): 1.44,
        ("deployed", "nhwc", "all", "ebpc"): 1.08,
    }
    for case, ratio in known.items():
        assert found[case] == pytest.approx(ratio, rel=0.006), case
