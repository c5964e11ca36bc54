import importlib.util
import sys
import types
import urllib.error

import numpy as np
import pytest

from fmcodec_eval.capture import InputError, MissingPackage, SourceSpec, source

torch = pytest.importorskip("torch")

from fmcodec_eval import networks  # noqa: E402
from fmcodec_eval.capture.pytorch import TorchNetwork, gradient_maps, record  # noqa: E402
from fmcodec_eval.capture.training import train  # noqa: E402


class Small(torch.nn.Module):
    """A rectifier that overwrites its input and runs twice, as in torchvision's ResNets."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 4, 3)
        self.bn1 = torch.nn.BatchNorm2d(4)
        self.conv2 = torch.nn.Conv2d(4, 4, 1)
        self.relu = torch.nn.ReLU(inplace=True)
        self.last = torch.nn.Conv2d(4, 2, 1)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        return self.last(self.relu(self.conv2(x)))


def prepare(pixels):
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32) / 255


def test_only_what_is_stored_is_captured():
    torch.manual_seed(0)
    network = TorchNetwork("small", Small(), 8, prepare)
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    found = {m.layer: m for m in network.capture(image)}
    assert {name: m.kind for name, m in found.items()} == {
        "relu": "relu",
        "relu#2": "relu",
        "last": "linear",
    }
    assert found["relu"].values.shape == (4, 6, 6)
    assert found["relu"].values.min() == 0
    assert not np.array_equal(found["relu"].values, found["relu#2"].values)


def test_chosen_modules():
    network = TorchNetwork("small", Small(), 8, prepare, layers="conv.")
    image = np.zeros((8, 8, 3), np.uint8)
    assert [m.layer for m in network.capture(image)] == ["conv1", "conv2"]
    with pytest.raises(InputError, match="layers must match a module"):
        list(TorchNetwork("small", Small(), 8, prepare, layers="fc").capture(image))


def test_a_state_that_the_network_makes_itself():
    """PyTorch detaches the zeros of a recurrent layer while a trace holds them, and else not."""

    class Recurrent(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.front = torch.nn.Conv1d(2, 4, 1)
            self.gru = torch.nn.GRU(4, 3, batch_first=True)

        def forward(self, x):
            states, _ = self.gru(torch.relu(self.front(x)).transpose(1, 2))
            return states + torch.zeros(3)

    network = TorchNetwork("recurrent", Recurrent(), 8)
    rng = np.random.default_rng(0)
    for _ in range(2):
        sample = rng.normal(size=(2, 5)).astype(np.float32)
        found = {m.layer: m.values.shape for m in network.capture(sample)}
        assert found == {"relu": (4, 5, 1), "add": (5, 3, 1)}


def test_a_number_that_decides_a_branch_is_no_map():
    class Branches(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.front, self.back = torch.nn.Linear(4, 4), torch.nn.Linear(4, 2)

        def forward(self, x):
            x = self.front(x)
            return self.back(x.relu() if x.mean() > 0 else x.sigmoid())

    network = TorchNetwork("branches", Branches(), 8)
    for sign in (1, -1):  # traced again where it takes the other way
        sample = np.full(4, 9 * sign, np.float32)
        found = [m.layer for m in network.capture(sample)]
        assert found[0] == "front"
        assert found[-1] == "back"
        assert "mean" not in found
    [note] = [note for note in network.tensors(sample) if note.operator == "mean"]
    assert (note.stored, note.reason) == (False, "a single number")


def test_gradient_maps_are_the_derivatives_of_the_loss():
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.ReLU(), torch.nn.Flatten())
    x = torch.randn(3, 1, 4, 4)
    found = list(gradient_maps(module, lambda: (module(x) ** 2).sum() / 2, "[01]"))
    # d(y^2 / 2)/dy = y at the rectifier's output, masked in front of it
    output = module(x).detach().reshape(3, 2, 4, 4).numpy()
    for index in range(3):
        behind, front = found[index], found[3 + index]
        assert (behind.kind, front.kind) == ("gradient", "gradient")
        assert np.allclose(front.values, output[index])
        assert np.allclose(behind.values, output[index] * (output[index] > 0))


def hooks(module):
    return [h for m in module.modules() for h in (*m._forward_hooks, *m._forward_pre_hooks)]


def test_hooks_are_taken_off_again():
    module = Small()
    with record(module):
        assert hooks(module)
    assert not hooks(module)
    with pytest.raises(ZeroDivisionError):
        list(gradient_maps(module, lambda: module(torch.zeros(1, 3, 8, 8)).sum() / (1 // 0)))
    assert not hooks(module)
    next(gradient_maps(module, lambda: module(torch.ones(1, 3, 8, 8)).sum()))  # never read on
    assert not hooks(module)
    network = TorchNetwork("small", module, 8, prepare)
    with pytest.raises(InputError, match="does not take an input"):
        list(network.capture(np.zeros((3, 8, 8, 8), np.float32)))
    assert not hooks(module)


def test_layers_without_a_gradient_have_no_map():
    class Aside(Small):
        def forward(self, x):
            x = self.relu(self.bn1(input=self.conv1(x)))
            self.last(x)  # no loss depends on it
            return self.conv2(x)

    module = Aside()
    for name in ("conv1", "bn1"):
        getattr(module, name).requires_grad_(False)
    found = list(gradient_maps(module, lambda: module(torch.rand(1, 3, 8, 8)).sum()))
    assert [m.layer for m in found] == ["conv2"]


def test_training_learns_and_saves_gradient_maps(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 96)
    images = (labels[:, None, None, None] * 25 + rng.integers(0, 5, (96, 32, 32, 3))).astype("u1")
    steps = train(images, labels, tmp_path / "gradients", epochs=3, captures=3, kept_images=2)
    assert [step.number for step in steps] == [0, 4, 8]
    assert steps[-1].loss < steps[0].loss
    source = SourceSpec(str(tmp_path / "gradients")).open()
    assert len(source) == 3
    found = list(source.maps(2))
    assert {m.kind for m in found} == {"gradient"}
    assert sum(m.layer == "conv1_relu" for m in found) == 2
    # behind the mask of the rectifier a gradient is zero wherever the rectifier was
    masked = next(m for m in found if m.layer == "stack1.conv1_bn")
    assert 0.2 < np.mean(masked.values == 0) < 0.8


@pytest.mark.parametrize(("name", "right"), [("resnet8_cifar10", 30), ("resnet20_cifar10", 33)])
def test_published_networks_classify(data, name, right):
    torch.set_num_threads(1)
    network = networks.load(data / "models" / f"{name}.npz")
    with np.load(data / "cifar10_test1000.npz") as file:
        images, labels = file["images"][:40], file["labels"][:40]
    answers = [network.classify(image) for image in images]
    assert sum(a == b for a, b in zip(answers, labels, strict=True)) >= right - 3


def test_wrong_weights_are_refused(tmp_path):
    np.savez(tmp_path / "weights.npz", **{"conv.weight": np.zeros((1, 1, 1, 1))})
    with pytest.raises(InputError, match="must hold the weights of one of squeezenet_v1_0"):
        SourceSpec(str(tmp_path / "weights.npz"), "random:1").open()
    with pytest.raises(InputError, match="must name a callable without arguments"):
        SourceSpec("no_such_package:network", "random:1").open()
    with pytest.raises(InputError, match="must name a callable without arguments"):
        SourceSpec("json:loads", "random:1").open()
    with pytest.raises(InputError, match=r"modules must be a regular expression, not '\('"):
        SourceSpec("torch.nn:Identity", layers="(")
    nothing = SourceSpec("torch.nn:Identity", "random:1").open()
    with pytest.raises(InputError, match="must have a layer or an activation"):
        list(nothing.maps(0))
    with pytest.raises(InputError, match=r"must give a torch\.nn\.Module, not dict"):
        SourceSpec("builtins:dict", "random:1").open()


def test_a_torchvision_that_cannot_be_imported_is_named(monkeypatch):
    for module in ("torchvision", "torchvision.models"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackage) as missing:
        SourceSpec("vgg16", "random:1", random_weights=True).open()
    hint = "network 'vgg16' needs torchvision: pip install 'fmcodec[torchvision]'"
    assert str(missing.value) == hint


@pytest.fixture
def models(monkeypatch):
    """Stands in for `torchvision.models`: its networks are `Small`, its weights out of reach."""
    models = types.ModuleType("torchvision.models")

    def get_model(name, weights):
        if weights is not None:
            raise urllib.error.URLError("no network")
        models.asked = name
        return Small()

    models.get_model = get_model
    package = types.ModuleType("torchvision")
    package.models = models
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    source._open.cache_clear()
    yield models
    source._open.cache_clear()


def test_torchvision_networks_by_name(models):
    names = {
        "alexnet": "alexnet",
        "vgg16": "vgg16",
        "resnet34": "resnet34",
        "squeezenet": "squeezenet1_0",
        "mobilenetv2": "mobilenet_v2",
    }
    for name, theirs in names.items():
        opened = SourceSpec(name, "random:1", random_weights=True).open()
        assert (opened.name, models.asked) == (f"{name}-random", theirs)
        first, second = (list(opened.maps(0)) for _ in range(2))
        assert first[0].layer == "relu"
        assert all(np.array_equal(a.values, b.values) for a, b in zip(first, second, strict=True))


def test_weights_out_of_reach_and_random_ones_elsewhere(models, maps_folder):
    line = r"weights of 'alexnet' cannot be loaded \(.*no network.*\); --random-weights makes a dry"
    with pytest.raises(InputError, match=line):
        SourceSpec("alexnet", "random:1").open()
    with pytest.raises(InputError, match="random weights are for alexnet, vgg16, "):
        SourceSpec(str(maps_folder), random_weights=True).open()


@pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)
@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet34", "squeezenet", "mobilenetv2"])
def test_torchvision_networks_with_random_weights(name):
    opened = SourceSpec(name, "random:1", random_weights=True).open()
    found = list(opened.maps(0))
    assert opened.name == f"{name}-random"
    assert sum(m.kind == "relu" for m in found) >= 7
