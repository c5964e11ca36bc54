"""Inputs of networks: shapes, several inputs, integers; what cannot be captured, by its reason."""

import re

import numpy as np
import pytest

from fmcodec_eval.capture import InputError, SourceSpec
from fmcodec_eval.capture.inputs import Input, Reading, feed, parse_shapes
from tests.eval.capture.builders import WEIGHTS, TFLite

FLOAT = np.dtype(np.float32)


@pytest.fixture
def onnx():
    pytest.importorskip("onnxruntime")
    return pytest.importorskip("onnx")


# --- shapes ---------------------------------------------------------------------------------------


def test_sizes_that_are_open():
    reading = Reading(size=64, shapes=parse_shapes(["tokens=1x16"]))
    assert reading.shaped("x", (None, 3, None, None), FLOAT).shape == (1, 3, 64, 64)
    assert reading.shaped("x", (None, 3, 48, None), FLOAT).shape == (1, 3, 48, 64)
    assert reading.shaped("x", (None, None, None, 3), FLOAT).shape == (1, 64, 64, 3)
    assert reading.shaped("tokens", (None, None), FLOAT).shape == (1, 16)
    assert Reading().shaped("x", (None, 3, None, None), FLOAT).shape == (1, 3, 224, 224)
    stated = Reading().with_metadata("unit", (320, 640))
    assert stated.shaped("x", (None, 3, None, None), FLOAT).shape == (1, 3, 320, 640)
    assert Reading(shapes=parse_shapes(["2x5"])).shaped("x", None, FLOAT).shape == (2, 5)


def test_arrays_set_what_is_open():
    reading = Reading(arrays=(("", (3, 48, 320)),))
    assert reading.shaped("x", (None, 3, None, None), FLOAT).shape == (1, 3, 48, 320)
    assert reading.shaped("x", (None, 3, 32, None), FLOAT).shape == (1, 3, 32, 224)  # do not fit
    assert reading.shaped("x", (1, 3, 8, 8), FLOAT).shape == (1, 3, 8, 8)
    asked = Reading(arrays=reading.arrays, shapes=parse_shapes(["1x3x48x64"]))
    assert asked.shaped("x", (None, 3, None, None), FLOAT).shape == (1, 3, 48, 64)
    tokens = Reading(arrays=(("ids", (16,)), ("state", (2, 1, 8))))
    assert tokens.shaped("ids", (None, None), FLOAT).shape == (1, 16)
    assert tokens.shaped("state", (2, None, 8), FLOAT).shape == (2, 1, 8)


@pytest.mark.parametrize("known", [(None, None), (16, None, 8), (None, 4, None, None), None])
def test_an_open_size_that_is_not_the_batch_is_not_guessed(known):
    with pytest.raises(InputError, match=r"shape of input 'x' must be given, .*--shape x=1x\.\.\."):
        Reading().shaped("x", known, FLOAT)


def test_wrong_shapes():
    for text in ("x=1x0", "x=", "1,2", "x=1x-3", "ax"):
        with pytest.raises(InputError, match=re.escape(f"not {text!r}")):
            parse_shapes([text])
    reading = Reading(shapes=parse_shapes(["x=1x4x8"]))
    for known in ((None, 5, 8), (None, 4), (2, 4, 8)):
        with pytest.raises(InputError, match="shape of input 'x' must fit the network's"):
            reading.shaped("x", known, FLOAT)
    with pytest.raises(InputError, match="must name an input of the network, a, b, not 'x'"):
        reading.check_names(["a", "b"])


def test_samples_become_inputs():
    tokens = Input("ids", (1, 4), np.dtype(np.int64))
    mask = Input("mask", (1, 4), np.dtype(np.int32))
    picture = Input("x", (1, 3, 2, 2), FLOAT)
    ids = np.arange(4, dtype=np.uint8)
    given = feed([tokens, mask], {"ids": ids, "mask": ids[None]}, Reading())
    assert [given["ids"].dtype, given["mask"].dtype] == [np.int64, np.int32]
    assert given["ids"].tolist() == given["mask"].tolist() == [[0, 1, 2, 3]]
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    planar = feed([picture], pixels, Reading("raw"))["x"]
    assert np.array_equal(planar[0], pixels.transpose(2, 0, 1))
    with pytest.raises(
        InputError, match=r"an array for every input .ids int64 1x4; mask int32 1x4"
    ):
        feed([tokens, mask], pixels, Reading())
    with pytest.raises(InputError, match="must have an array 'mask' for that input, not ids"):
        feed([tokens, mask], {"ids": ids}, Reading())
    narrow = Input("ids", (1, 4), np.dtype(np.int16))
    for wrong in (np.arange(5), np.full(4, 70_000), np.ones(4, np.float32)):
        with pytest.raises(InputError, match="input 'ids' must be int16"):
            feed([narrow], wrong, Reading())


# --- ONNX -----------------------------------------------------------------------------------------


def save(onnx, path, nodes, inputs, outputs, constants=()):
    value, types = onnx.helper.make_tensor_value_info, onnx.TensorProto
    dtypes = {"float": types.FLOAT, "int64": types.INT64, "int32": types.INT32, "bool": types.BOOL}
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [value(name, dtypes[kind], shape) for name, kind, shape in inputs],
        [value(name, types.FLOAT, None) for name in outputs],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in constants],
    )
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("home.made", 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def test_a_transformer_takes_tokens_and_a_mask(onnx, tmp_path):
    node, rng = onnx.helper.make_node, np.random.default_rng(0)
    table = rng.normal(size=(50, 8)).astype(np.float32)
    nodes = [
        node("Gather", ["table", "ids"], ["e"], "embedding"),
        node("Cast", ["mask"], ["m"], "cast", to=1),
        node("Sub", ["one", "m"], ["inverse"], "invert"),
        node("Mul", ["inverse", "minus"], ["bias"], "far below"),
        node("MatMul", ["e", "w"], ["q"], "query"),
        node("Transpose", ["e"], ["k"], "keys", perm=[0, 2, 1]),
        node("MatMul", ["q", "k"], ["scores"], "scores"),
        node("Add", ["scores", "bias"], ["masked"], "masked"),
        node("Softmax", ["masked"], ["p"], "softmax", axis=-1),
        node("MatMul", ["p", "e"], ["y"], "values"),
    ]
    constants = [("table", table), ("w", WEIGHTS), ("one", np.float32(1))]
    constants += [("minus", np.float32(-1e4))]
    ids, mask = ("ids", "int64", ["n", "t"]), ("mask", "int32", ["n", "t"])
    path = save(onnx, tmp_path / "bert.onnx", nodes, [ids, mask], ["y"], constants)
    samples = {"ids": rng.integers(0, 50, (3, 6)), "mask": np.ones((3, 6), np.int32)}
    np.savez(tmp_path / "samples.npz", **samples)
    with pytest.raises(InputError, match="shape of input 'ids' must be given"):
        SourceSpec(str(path), "random:1").open()
    source = SourceSpec(str(path), str(tmp_path / "samples.npz")).open()
    assert len(source) == 3
    found = {m.layer: m.values for m in source.maps(2)}
    assert list(found) == ["embedding", "query", "masked", "softmax", "values"]
    assert np.array_equal(found["embedding"].reshape(6, 8), table[samples["ids"][2]])
    reasons = {t.name: t.reason for t in source.tensors() if not t.stored}
    assert reasons["far below"] == "made of integers: indices, a mask or a one-hot"
    assert reasons["keys"].startswith("a view")
    dry = SourceSpec(str(path), "random:2", shapes=("ids=1x6", "mask=1x6")).open()
    assert np.array_equal(next(dry.maps(1)).values, next(dry.maps(1)).values)
    assert dry.notes() == ["bert: inputs are noise: a dry run, no figure means anything."]


def test_a_batch_axis_that_is_not_the_first_is_kept(onnx, tmp_path):
    nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["y"], "steps")]
    inputs = [("x", "float", [5, 1, 8])]  # time, batch, features
    path = save(onnx, tmp_path / "rnn.onnx", nodes, inputs, ["y"], [("w", WEIGHTS)])
    source = SourceSpec(str(path), "random:1").open()
    assert next(source.maps(0)).values.size == 5 * 8


def test_shapes_that_the_model_computes_are_no_maps(onnx, tmp_path):
    node = onnx.helper.make_node
    nodes = [
        node("Shape", ["x"], ["s"], "shape"),
        node("Gather", ["s", "zero"], ["n"], "first"),
        node("Unsqueeze", ["n", "zero_axis"], ["n1"], "as a vector"),
        node("Concat", ["n1", "rest"], ["to"], "target", axis=0),
        node("Reshape", ["x", "to"], ["flat"], "flat"),
        node("MatMul", ["flat", "w"], ["y"], "dense"),
    ]
    constants = [("zero", np.int64(0)), ("zero_axis", np.array([0])), ("rest", np.array([8]))]
    path = save(
        *(onnx, tmp_path / "shapes.onnx", nodes, [("x", "float", ["n", 2, 4])], ["y"]),
        [*constants, ("w", WEIGHTS)],
    )
    source = SourceSpec(str(path), "random:1").open()
    assert [(m.layer, m.values.shape) for m in source.maps(0)] == [("dense", (8, 1, 1))]
    assert [t.name for t in source.tensors()] == ["flat", "dense"]


def test_graphs_inside_an_operator_are_refused_by_their_reason(onnx, tmp_path):
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    branches = {
        name: onnx.helper.make_graph(
            [node(op, ["x"], [name])], name, [], [value(name, onnx.TensorProto.FLOAT, None)]
        )
        for name, op in (("then_branch", "Relu"), ("else_branch", "Identity"))
    }
    nodes = [node("If", ["c"], ["y"], "which", **branches)]
    inputs = [("x", "float", [1, 8]), ("c", "bool", [])]
    path = save(onnx, tmp_path / "if.onnx", nodes, inputs, ["y"])
    line = r"must be one graph, but operator If 'which' has graphs of its own, which compute Relu"
    with pytest.raises(InputError, match=line):
        SourceSpec(str(path), "random:1").open()


def test_an_operator_that_the_runtime_does_not_know_is_named(onnx, tmp_path):
    nodes = [onnx.helper.make_node("Whirl", ["x"], ["y"], "w", domain="home.made")]
    path = save(onnx, tmp_path / "custom.onnx", nodes, [("x", "float", [1, 8])], ["y"])
    with pytest.raises(InputError, match=r"must run in ONNX Runtime: .*Whirl"):
        SourceSpec(str(path), "random:1").open()


def test_normalisation_of_an_onnx_file(onnx, tmp_path):
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], "conv")
    weights = [("w", np.ones((1, 3, 1, 1), np.float32))]
    inputs = [("x", "float", ["n", 3, "h", "w"])]
    path = save(onnx, tmp_path / "net.onnx", [node], inputs, ["y"], weights)
    pixels = np.full((1, 4, 4, 3), 255, np.uint8)
    np.save(tmp_path / "white.npy", pixels)

    def opened(**settings):
        source = SourceSpec(str(path), str(tmp_path / "white.npy"), size=4, **settings).open()
        return next(source.maps(0)).values[0, 0, 0], source

    found, source = opened()
    assert source.record().settings["normalisation"] == "imagenet (assumed)"
    (line,) = source.notes()
    assert line.startswith("net: pixels were normalised as `imagenet`, which nobody asked for")
    found, source = opened(normalisation="127,127,127/64")
    assert found == pytest.approx(3 * 2)
    assert source.record().settings["normalisation"] == "127,127,127/64 (asked for)"
    assert source.notes() == []
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"Image.NominalPixelRange": "Normalized_1_1"})
    onnx.save(model, tmp_path / "stated.onnx")
    path = tmp_path / "stated.onnx"
    found, source = opened()
    assert found == pytest.approx(3)
    stated = "symmetric (stated by the network's file)"
    assert source.record().settings["normalisation"] == stated
    assert source.notes() == []
    for wrong in ("mean", "1/0", "1,2/3", "/"):
        with pytest.raises(InputError, match="normalisation must be one of imagenet, "):
            SourceSpec(str(path), normalisation=wrong)


# --- TensorFlow Lite ------------------------------------------------------------------------------


@pytest.fixture
def schema():
    pytest.importorskip("ai_edge_litert")
    from ai_edge_litert import schema_py_generated

    return schema_py_generated


def test_a_custom_operator_is_named(schema, tmp_path):
    builder = TFLite(schema)
    y = builder.linear(builder.op("CUSTOM", "x"))
    builder.codes[0].customCode = "Convolution2DTransposeBias"
    builder.save(tmp_path / "custom.tflite", y)
    line = r"must use TensorFlow Lite's own operators only, not Convolution2DTransposeBias"
    with pytest.raises(InputError, match=line):
        SourceSpec(str(tmp_path / "custom.tflite"), "random:1").open()


def test_a_loop_is_refused(schema, tmp_path):
    builder = TFLite(schema)
    y = builder.op("WHILE", builder.linear("x"), options="WhileOptions")
    builder.save(tmp_path / "loop.tflite", y)
    with pytest.raises(InputError, match="its operator WHILE has graphs of its own"):
        SourceSpec(str(tmp_path / "loop.tflite"), "random:1").open()


def test_state_is_no_map(schema, tmp_path):
    """A streaming network: what it keeps is there, what it adds is written."""
    builder = TFLite(schema)
    handle = builder.op("VAR_HANDLE", shapes=[()], options="VarHandleOptions", sharedName="s")
    builder.tensors[-1].type = schema.TensorType.RESOURCE
    kept = builder.op("READ_VARIABLE", handle, shapes=[(1, 8)])
    new = builder.linear("x")
    both = builder.concat(kept, new)
    y = builder.narrow(builder.halves(builder.halves(both)[1])[0])
    builder.save(tmp_path / "stream.tflite", y)
    # the interpreter wants the variable assigned before: the rule needs only the graph
    from fmcodec_eval.capture.taps import taps_of
    from fmcodec_eval.capture.tflite import graph_of

    model = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs((tmp_path / "stream.tflite").read_bytes(), 0)
    )
    details = {
        index: {"dtype": np.float32, "shape": t.shape, "quantization": (0.0, 0)}
        for index, t in enumerate(model.subgraphs[0].tensors)
    }
    taps, notes = taps_of(graph_of(schema, model, details), False)
    assert [tap.layer for tap in taps] == [new, y]
    reasons = {note.operator: note.reason for note in notes}
    assert reasons["READ_VARIABLE"] == "state of an earlier run, read from memory"


def test_normalisation_of_a_tflite_file():
    flatbuffers = pytest.importorskip("flatbuffers")
    from fmcodec_eval.capture.tflite_metadata import normalisation_of

    class Entry:
        name, buffer = b"TFLITE_METADATA", 0

    class Buffer:
        data = None

    class Model:
        metadata, buffers = [Entry], [Buffer]

    builder = flatbuffers.Builder(256)

    def table(fields, **slots):
        builder.StartObject(fields)
        for slot, place in slots.items():
            builder.PrependUOffsetTRelativeSlot(int(slot[1:]), place, 0)
        return builder.EndObject()

    def vector(place):
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(place)
        return builder.EndVector()

    def floats(*numbers):
        builder.StartVector(4, len(numbers), 4)
        for number in reversed(numbers):
            builder.PrependFloat32(number)
        return builder.EndVector()

    options = table(2, _0=floats(127.5), _1=floats(64.0))
    builder.StartObject(2)
    builder.PrependUint8Slot(0, 1, 0)
    builder.PrependUOffsetTRelativeSlot(1, options, 0)
    unit = builder.EndObject()
    tensor = table(7, _4=vector(unit))
    graph = table(10, _2=vector(tensor))
    builder.Finish(table(8, _3=vector(graph)), b"M001")
    assert normalisation_of(Model) is None
    Buffer.data = np.frombuffer(bytes(builder.Output()), np.uint8)
    assert normalisation_of(Model) == "127.5/64"
    for length in range(len(Buffer.data)):  # damaged: whatever it is, it states nothing else
        Buffer.data, whole = Buffer.data[:length], Buffer.data
        assert normalisation_of(Model) in (None, "127.5/64")
        Buffer.data = whole


# --- PyTorch --------------------------------------------------------------------------------------


def test_functions_and_changing_ways_of_a_module():
    torch = pytest.importorskip("torch")
    from fmcodec_eval.capture.pytorch import TorchNetwork

    class Changing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Embedding(10, 8)
            self.dense = torch.nn.Linear(8, 8)

        def forward(self, ids, mask=None):
            x = self.embed(ids)
            y = torch.relu_(self.dense(x))  # overwrites what the layer gave
            x = x + y
            x += y  # overwrites a map that nothing reads
            if ids.sum() > 20:
                return self.dense(x)
            return x.softmax(-1) if mask is None else x * mask[..., None]

    torch.manual_seed(0)
    network = TorchNetwork("changing", Changing(), 8)
    small, large = np.arange(3), np.full(3, 9)
    first = [m.layer for m in network.capture(small)]
    assert first == ["embed", "relu", "add", "softmax"]
    second = {m.layer: m.values for m in network.capture(large)}
    assert list(second) == ["embed", "relu", "add", "dense"]
    assert second["relu"].min() == 0
    expected = second["embed"] + 2 * second["relu"]
    assert np.allclose(second["add"], expected)
    assert [m.layer for m in network.capture(small)] == first
    named = {"ids": small, "mask": np.ones(3, np.float32)}
    assert [m.layer for m in network.capture(named)][-1] == "mul"
    with pytest.raises(InputError, match="network changing does not take an input of"):
        list(network.capture({"words": small}))
