"""Rate against accuracy: a small network measured in full, and the page's arithmetic."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks with coded activations need PyTorch")

from torch import nn  # noqa: E402

from fmcodec.errors import InputError  # noqa: E402
from fmcodec_eval.cores import load  # noqa: E402
from fmcodec_eval.lossy.experiment import Experiment, Scheme, TestSet, sites_of  # noqa: E402
from fmcodec_eval.lossy.figures import draw  # noqa: E402
from fmcodec_eval.lossy.measure import schemes  # noqa: E402
from fmcodec_eval.lossy.points import (  # noqa: E402
    SWEPT,
    Measured,
    NetworkFacts,
    Point,
    at_agreement,
    at_harm,
)
from fmcodec_eval.lossy.tables import wilson  # noqa: E402
from fmcodec_eval.networks import InvertedResidual, Network, ResNet8, ResNet20, SqueezeNet  # noqa: E402
from fmcodec_eval.results import lossy  # noqa: E402
from fmcodec_eval.results.lossy_page import (  # noqa: E402
    _core_rows,
    _learned_rows,
    _verdict,
    render,
)

TestSet.__test__ = False  # a name that pytest would collect


class Small(nn.Module):
    """Two convolutions on smooth images: enough for correlated maps and a decision."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Conv2d(3, 16, 5, padding=2)
        self.relu1 = nn.ReLU()
        self.second = nn.Conv2d(16, 16, 3, padding=1)
        self.relu2 = nn.ReLU6()
        self.last = nn.Linear(16, 10)
        nn.init.constant_(self.first.bias, 2.0)  # few zeros, so that correlation decides
        nn.init.constant_(self.second.bias, 2.0)

    def forward(self, x):
        return self.last(self.relu2(self.second(self.relu1(self.first(x)))).amax((2, 3)))


def smooth(images, seed):
    noise = torch.randn(images, 3, 20, 20, generator=torch.Generator().manual_seed(seed))
    return nn.functional.avg_pool2d(noise, 9, stride=1, padding=4) * 6


@pytest.fixture(scope="module")
def experiment():
    network = Network("small", Small().eval(), 20, lambda pixels: pixels)
    labels = np.zeros(40, np.int64)
    tests = [TestSet("held-out", smooth(40, 2)), TestSet("test", smooth(40, 3), labels)]
    return Experiment(network, smooth(48, 1), tests)


@pytest.fixture(scope="module")
def measured(experiment, tmp_path_factory):
    points = []
    for scheme, follows in schemes():
        for noise in (0.05, 0.15, 0.5) if follows else (0.0,):
            point = experiment.run(scheme, noise or 1e-6)
            point.noise = noise
            points.append(point)
    compared = {scheme.name: scheme for scheme, _ in schemes()}
    bits = experiment.breakdown(compared["FMTC 64"], 0.15)
    found = Measured({"small": experiment.facts()}, points, {"small": {"FMTC 64": bits}})
    store = tmp_path_factory.mktemp("lossy") / "fmtc.json"
    found.save(store)
    assert Measured.load(store) == found
    return Measured.load(store)


def test_sites():
    assert sites_of(ResNet20())[:3] == ["relu1", "layer1.0.relu1", "layer1.0.relu2"]
    assert len(sites_of(ResNet20())) == 19
    assert len(sites_of(ResNet8())) == 7
    assert len(sites_of(SqueezeNet())) == 26
    assert sites_of(InvertedResidual(8, 8, 6, 1)) == ["expand_relu", "depthwise_relu", "sum"]
    assert sites_of(InvertedResidual(8, 16, 6, 1)) == ["expand_relu", "depthwise_relu", "project"]


def test_macs(experiment):
    assert experiment.network_macs() == 400 * 16 * (75 + 144) + 160


def test_the_noise_budget_is_what_comes(experiment):
    """Harm follows the budget: predicted by gradients alone, right within a factor of two."""
    for scheme in (Scheme("plain", kind="plain"), Scheme("FMTC", batch=256)):
        for noise in (0.05, 0.2):
            assert 0.5 < experiment.run(scheme, noise).harm / noise < 2


def test_less_noise_costs_bits_and_harms_less(measured):
    for scheme in SWEPT:
        points = [p for p in measured.points if p.scheme == scheme]
        points.sort(key=lambda point: point.noise)
        assert np.all(np.diff([p.bits for p in points]) < 0)
        assert np.all(np.diff([p.harm for p in points]) > 0)


def test_the_transform_pays_on_smooth_maps(measured):
    """At equal harm it takes fewer bits than the baseline, contexts charged."""
    swept = {
        scheme: [p for p in measured.points if p.scheme == scheme]
        for scheme in ("quantise + Huffman", "FMTC 64")
    }
    least = max(min(p.harm for p in points) for points in swept.values())
    most = min(max(p.harm for p in points) for points in swept.values())
    bits = {name: at_harm(points, (least * most) ** 0.5) for name, points in swept.items()}
    assert bits["FMTC 64"] < 0.9 * bits["quantise + Huffman"]


def test_lossless_codecs_do_no_more_harm_than_8_bits(measured):
    points = {p.scheme: p for p in measured.points if p.noise == 0}
    assert points["EBPC, 8 bits"].harm == points["ZVC, 8 bits"].harm
    assert points["EBPC, 8 bits"].harm == points["Rice, 8 bits"].harm
    assert points["EBPC, 8 bits"].harm < 0.05
    assert points["EBPC, 8 bits"].agreement["held-out"] >= 0.95


def test_breakdown(measured):
    """Entropy, codes, tiles: each takes more, and the tiles are those of the same point."""
    bits = measured.breakdowns["small"]["FMTC 64"]
    assert bits.entropy < bits.codes < bits.tiles < 1.2 * bits.entropy + 0.1
    points = [p for p in measured.points if (p.scheme, p.noise) == ("FMTC 64", 0.15)]
    assert bits.tiles == pytest.approx(points[0].bits, rel=0.03)  # of both test sets
    assert bits.contexts == points[0].context_bits


def test_page(measured):
    drawings = draw(measured)
    # 40 images cannot tell an agreement of 99 % from one of 95 %, so they stand in no such row
    facts = replace(measured.networks["small"], tests={"held-out": 1000, "test": 40})
    text = render(replace(measured, networks={"small": facts}), drawings)
    assert [figure.name for figure in drawings] == [
        "results-rate-accuracy",
        "results-rate-layers-small",
    ]
    assert all(figure.png.startswith(b"\x89PNG") for figure in drawings)
    assert "| small | 1000 held-out | 99% |" in text
    assert "| small | 40 test | 99% |" not in text
    for figure in drawings:
        assert f"figures/{figure.name}.svg" in text


def test_one_section_of_a_page_is_written_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(lossy, "section", lambda *_: "## Lossy: new\n")
    page = tmp_path / "page.md"
    with pytest.raises(InputError, match="output must be a page with a section '## Lossy: '"):
        lossy.renew(tmp_path, tmp_path, page, lambda *_: None)
    assert not page.exists()
    page.write_text("# Results\n\nkept\n\n## Lossy: old\n\ngone\n")
    lossy.renew(tmp_path, tmp_path, page, lambda *_: None)
    assert page.read_text() == "# Results\n\nkept\n\n## Lossy: new\n"


def test_the_published_rates_are_met_where_images_can_tell():
    """A loss of 1 %: 80 % of 100 images may be 72 % or 88 %, of a million no other."""

    def verdict(images, share):
        facts = NetworkFacts(1, 1, {"held-out": images}, {"held-out": 0.8})
        found = replace(point(3.0, 1.0), network="mobilenet_v2", accuracy={"held-out": share})
        return _verdict(Measured({"mobilenet_v2": facts}, [found]))

    assert "cannot be told" in verdict(100, 0.8)
    assert "meets" in verdict(1_000_000, 0.8)
    assert "does not meet" in verdict(1_000_000, 0.78)
    assert "was not measured" in _verdict(Measured())


def test_a_learned_transform_is_set_beside_the_dct(measured, monkeypatch):
    ranges = [[p.harm for p in measured.of("small", scheme)] for scheme in ("dct4", "FMTC 64")]
    harm = (max(map(min, ranges)) * min(map(max, ranges))) ** 0.5
    monkeypatch.setattr("fmcodec_eval.results.lossy_page.HARM", harm)
    _, row = _learned_rows(measured)
    saved = 1 - float(row[2]) / float(row[1])
    assert row[0] == "small"
    assert row[4] == ("yes" if saved < 0.05 else "no")
    assert float(row[3].split()[0]) == pytest.approx(-100 * saved, abs=1.5)


def test_cores_are_those_of_the_flow():
    names = [row[0] for row in _core_rows()]
    assert "fmtc dct4-rice" in names
    found = {row[0]: row for row in _core_rows()}["fmtc dct4-rice"]
    cores = next(config for config in load().configs if config.name == "fmtc dct4-rice")
    assert found[1] == f"{cores.encoder.area_ge / 1e3:.1f}"


def test_interval_of_a_share():
    """Wilson's, by hand: 0.9 of 100 and 1.0 of 160."""
    assert wilson(0.9, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert wilson(1.0, 160) == pytest.approx((160 / (160 + 1.96**2), 1.0))


def point(bits, agreement, harm=0.1, scheme="FMTC 64", contexts=0.0):
    return Point(
        "small", scheme, 0.1, bits, contexts, harm, {"held-out": agreement}, {}, 1, 0.0, {}
    )


def test_contexts_are_charged_to_their_batch():
    assert point(2.0, 1.0, contexts=2.56).charged == pytest.approx(2.01)
    assert point(2.0, 1.0, scheme="FMTC 64, batch 1", contexts=2.5).charged == 4.5


def test_interpolation():
    points = [point(4, 1.0, 0.01), point(3, 0.99, 0.1), point(2, 0.97, 1.0), point(1, 0.995, 2.0)]
    assert at_agreement(points, 0.99) == 3
    assert at_agreement(points, 0.98) == 2.5
    assert at_agreement(points[2:3], 0.99) is None
    assert at_agreement(points[:1], 0.9) == 4
    assert at_harm(points, 0.1) == pytest.approx(3)
    assert at_harm(points, 10**-0.5) == pytest.approx(2.5)
    assert at_harm(points, 5.0) is None
    assert at_harm([], 0.1) is None


def test_measuring_goes_on_where_it_stopped(tmp_path, monkeypatch, experiment):
    """What is in the file is not measured again, and the file is whole after every point."""
    monkeypatch.setattr(lossy, "_experiment", lambda *_: experiment)
    runs = []

    def run(scheme, noise):
        runs.append((scheme.name, noise))
        if len(runs) == 3:
            raise KeyboardInterrupt
        return kept

    kept = experiment.run(Scheme("plain", kind="plain"), 0.5)
    monkeypatch.setattr(experiment, "run", run)
    with pytest.raises(KeyboardInterrupt):
        lossy.measure(tmp_path, tmp_path, {"small": (0.1,)})
    stored = json.loads((tmp_path / "fmtc.json").read_text())
    assert len(stored["points"]) == 2
    for saved, (scheme, _) in zip(stored["points"], runs, strict=False):
        saved |= {"network": "small", "scheme": scheme}
    (tmp_path / "fmtc.json").write_text(json.dumps(stored))
    done = runs[:2]
    measured = lossy.measure(tmp_path, tmp_path, {"small": (0.1,)})
    assert len(measured.points) == len(schemes())
    assert not set(done) & set(runs[3:])
