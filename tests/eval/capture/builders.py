"""Builders of small networks, one for each framework: ONNX, TensorFlow Lite and PyTorch.

All have the same operators under the same names, so that a network is written once.
"""

import numpy as np

WEIGHTS = np.random.default_rng(5).normal(size=(8, 8)).astype(np.float32) / 3
SLOPES = np.linspace(0.1, 0.8, 8, dtype=np.float32)


class Onnx:
    """Builds an ONNX model; a tensor and the node that computes it have one name."""

    def __init__(self, onnx):
        self.onnx, self.nodes, self.constants = onnx, [], {}

    def input(self):
        return "x"

    def op(self, kind, *inputs, **attributes):
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = self.onnx.numpy_helper.from_array(np.asarray(value), name)
        return name

    def _real(self, value):
        return self.constant(np.asarray(value, np.float32))

    def linear(self, x):
        return self.op("MatMul", x, self._real(WEIGHTS.T))

    def unary(self, kind, x):
        return self.op(kind.capitalize(), x)

    def prelu(self, x):
        return self.op("PRelu", x, self._real(SLOPES))

    def leaky(self, x):
        return self.op("LeakyRelu", x, alpha=0.1)

    def hardswish(self, x):
        return self.op("HardSwish", x)

    def gelu(self, x):
        return self.op("Gelu", x)

    def relu6(self, x):
        return self.op("Clip", x, self._real(0), self._real(6))

    def add(self, a, b):
        return self.op("Add", a, b)

    def sub(self, a, b):
        return self.op("Sub", a, b)

    def mul(self, a, b):
        return self.op("Mul", a, b)

    def div(self, a, b):
        return self.op("Div", a, b)

    def plus(self, x, value):
        return self.op("Add", x, self._real(value))

    def times(self, x, value):
        return self.op("Mul", x, self._real(value))

    def mean(self, x):
        return self.op("ReduceMean", x, self.constant(np.array([1])), keepdims=1)

    def total(self, x):
        return self.op("ReduceSum", x, self.constant(np.array([1])), keepdims=1)

    def softmax(self, x):
        return self.op("Softmax", x, axis=-1)

    def concat(self, a, b):
        return self.op("Concat", a, b, axis=1)

    def halves(self, x):
        names = [f"Split_{len(self.nodes)}", f"Split_{len(self.nodes)}b"]
        made = self.onnx.helper.make_node("Split", [x], names, names[0], axis=1, num_outputs=2)
        self.nodes.append(made)
        return names

    def narrow(self, x):  # (1, 4) -> (1, 8)
        return self.op("MatMul", x, self._real(WEIGHTS[:4]))

    def reshape(self, x):
        return self.op("Reshape", x, self.constant(np.array([1, 8])))

    def save(self, path, *outputs):
        onnx, value = self.onnx, self.onnx.helper.make_tensor_value_info
        given = [value("x", onnx.TensorProto.FLOAT, [1, 8])]
        made = [value(name, onnx.TensorProto.FLOAT, None) for name in outputs]
        graph = onnx.helper.make_graph(
            self.nodes, "pattern", given, made, list(self.constants.values())
        )
        opset = [onnx.helper.make_opsetid("", 20)]
        onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=9), path)


class TFLite:
    """Builds a TensorFlow Lite model with the schema's own classes."""

    def __init__(self, schema):
        self.schema, self.tensors, self.operators = schema, [], []
        self.buffers, self.codes = [schema.BufferT()], []
        self._tensor("x", (1, 8))

    def _tensor(self, name, shape, data=None, dtype=np.float32):
        tensor = self.schema.TensorT()
        tensor.name, tensor.shape = name, list(shape)
        tensor.type = {np.float32: 0, np.int32: 2}[dtype]
        tensor.buffer = 0
        if data is not None:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, dtype).tobytes(), np.uint8)
            self.buffers.append(buffer)
            tensor.buffer = len(self.buffers) - 1
        self.tensors.append(tensor)
        return name

    def constant(self, value, dtype=np.float32):
        array = np.asarray(value, dtype)
        return self._tensor(f"c{len(self.tensors)}", array.shape, array, dtype)

    def input(self):
        return "x"

    def _shape(self, name):
        return next(tuple(t.shape) for t in self.tensors if t.name == name)

    def op(self, kind, *inputs, shapes=None, options=None, **fields):
        shapes = shapes or [self._shape(inputs[0])]
        first = len(self.operators)
        names = [f"{kind.lower()}_{first}{'b' * n}" for n in range(len(shapes))]
        for name, shape in zip(names, shapes, strict=True):
            self._tensor(name, shape)
        number = getattr(self.schema.BuiltinOperator, kind)
        operator, code = self.schema.OperatorT(), self.schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
        self.codes.append(code)
        operator.opcodeIndex = len(self.codes) - 1
        order = [t.name for t in self.tensors]
        operator.inputs = [order.index(name) for name in inputs]
        operator.outputs = [order.index(name) for name in names]
        if options:
            chosen = getattr(self.schema, f"{options}T")()
            for field, value in fields.items():
                setattr(chosen, field, value)
            operator.builtinOptions = chosen
            operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, options)
        self.operators.append(operator)
        return names[0] if len(names) == 1 else names

    def linear(self, x):
        return self.op(
            *("FULLY_CONNECTED", x, self.constant(WEIGHTS)), options="FullyConnectedOptions"
        )

    def narrow(self, x):
        weights = self.constant(WEIGHTS[:4].T)
        return self.op(
            "FULLY_CONNECTED", x, weights, shapes=[(1, 8)], options="FullyConnectedOptions"
        )

    def unary(self, kind, x):
        return self.op({"sigmoid": "LOGISTIC"}.get(kind, kind.upper()), x)

    def prelu(self, x):
        return self.op("PRELU", x, self.constant(SLOPES))

    def leaky(self, x):
        return self.op("LEAKY_RELU", x, options="LeakyReluOptions", alpha=0.1)

    def hardswish(self, x):
        return self.op("HARD_SWISH", x)

    def gelu(self, x):
        return self.op("GELU", x, options="GeluOptions")

    def relu6(self, x):
        return self.op("RELU6", x)

    def add(self, a, b):
        return self.op("ADD", a, b, options="AddOptions")

    def sub(self, a, b):
        return self.op("SUB", a, b, options="SubOptions")

    def mul(self, a, b):
        return self.op("MUL", a, b, options="MulOptions")

    def div(self, a, b):
        return self.op("DIV", a, b, options="DivOptions")

    def plus(self, x, value):
        return self.op("ADD", x, self.constant([value]), options="AddOptions")

    def times(self, x, value):
        return self.op("MUL", x, self.constant([value]), options="MulOptions")

    def _reduced(self, kind, x):
        axis = self.constant([1], np.int32)
        shapes = [(1, 1)]
        return self.op(kind, x, axis, shapes=shapes, options="ReducerOptions", keepDims=True)

    def mean(self, x):
        return self._reduced("MEAN", x)

    def total(self, x):
        return self._reduced("SUM", x)

    def softmax(self, x):
        return self.op("SOFTMAX", x, options="SoftmaxOptions", beta=1.0)

    def concat(self, a, b):
        shapes = [(1, self._shape(a)[1] + self._shape(b)[1])]
        options = {"options": "ConcatenationOptions", "axis": 1}
        return self.op("CONCATENATION", a, b, shapes=shapes, **options)

    def halves(self, x):
        axis, shapes = self.constant(1, np.int32), [(1, 4)] * 2
        return self.op("SPLIT", axis, x, shapes=shapes, options="SplitOptions", numSplits=2)

    def reshape(self, x):
        shape = self.constant([1, 8], np.int32)
        return self.op("RESHAPE", x, shape, options="ReshapeOptions", newShape=[1, 8])

    def save(self, path, *outputs):
        import flatbuffers

        graph, model = self.schema.SubGraphT(), self.schema.ModelT()
        graph.tensors, graph.operators = self.tensors, self.operators
        order = [t.name for t in self.tensors]
        graph.inputs, graph.outputs = [0], [order.index(name) for name in outputs]
        model.version, model.subgraphs, model.buffers = 3, [graph], self.buffers
        model.operatorCodes = self.codes
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))


class Torch:
    """Runs the pattern at once: a tensor is its value."""

    def __init__(self, torch, x):
        self.torch, self.functional, self.x = torch, torch.nn.functional, x

    def input(self):
        return self.x

    def linear(self, x):
        return self.functional.linear(x, self.torch.from_numpy(WEIGHTS))

    def narrow(self, x):
        return x @ self.torch.from_numpy(WEIGHTS[:4])

    def unary(self, kind, x):
        return getattr(self.torch, kind)(x)

    def prelu(self, x):
        return self.functional.prelu(x, self.torch.from_numpy(SLOPES))

    def leaky(self, x):
        return self.functional.leaky_relu(x, 0.1)

    def hardswish(self, x):
        return self.functional.hardswish(x)

    def gelu(self, x):
        return self.functional.gelu(x)

    def relu6(self, x):
        return self.functional.relu6(x)

    def add(self, a, b):
        return a + b

    def sub(self, a, b):
        return a - b

    def mul(self, a, b):
        return a * b

    def div(self, a, b):
        return a / b

    def plus(self, x, value):
        return x + value

    def times(self, x, value):
        return x * value

    def mean(self, x):
        return x.mean(1, keepdim=True)

    def total(self, x):
        return x.sum(1, keepdim=True)

    def softmax(self, x):
        return x.softmax(-1)

    def concat(self, a, b):
        return self.torch.cat([a, b], 1)

    def halves(self, x):
        return x.chunk(2, 1)

    def reshape(self, x):
        return x.reshape(1, 8)
