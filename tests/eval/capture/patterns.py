"""Small networks of one pattern, for every builder of `builders`.

A pattern is a function of a builder: it calls the builder's operators and returns the tensors
that must be stored. Every tensor is (1, 8) where nothing else is said.
"""


def bias_and_relu(b):
    y = b.unary("relu", b.plus(b.linear(b.input()), 0.5))
    return [y, b.linear(y)]


def silu_written_out(b):
    x = b.linear(b.input())
    y = b.mul(x, b.unary("sigmoid", x))
    return [y, b.linear(y)]


def hard_swish_written_out(b):
    x = b.linear(b.input())
    y = b.mul(x, b.times(b.relu6(b.plus(x, 3.0)), 1 / 6))
    return [y, b.linear(y)]


def hard_sigmoid_written_out(b):
    y = b.times(b.relu6(b.plus(b.linear(b.input()), 3.0)), 1 / 6)
    return [y, b.linear(y)]


def gelu_by_tanh(b):
    x = b.linear(b.input())
    inner = b.times(b.add(x, b.times(b.mul(x, b.mul(x, x)), 0.044715)), 0.797885)
    y = b.mul(b.times(x, 0.5), b.plus(b.unary("tanh", inner), 1.0))
    return [y, b.linear(y)]


def own_activations(b):
    kept, y = [], b.input()
    for activation in (b.prelu, b.leaky, b.hardswish, b.gelu, lambda x: b.unary("tanh", x)):
        y = activation(b.linear(y))
        kept.append(y)
    return [*kept, b.linear(y)]


def activation_that_others_pass_by(b):
    x = b.linear(b.input())
    y = b.unary("relu", x)
    z = b.linear(y)
    return [x, y, z, b.add(z, x)]


def residual(b):
    x = b.unary("relu", b.linear(b.input()))
    y = b.linear(x)
    z = b.unary("relu", b.add(y, x))
    return [x, y, z, b.linear(z)]


def squeeze_and_excite(b):
    x = b.unary("relu", b.linear(b.input()))
    mean = b.mean(x)
    gate = b.unary("sigmoid", b.narrow(b.concat(b.concat(mean, mean), b.concat(mean, mean))))
    y = b.mul(x, gate)
    return [x, mean, gate, y, b.linear(y)]


def softmax_between_layers(b):
    x = b.linear(b.input())
    y = b.softmax(x)
    return [x, y, b.linear(y)]


def softmax_written_out(b):
    x = b.linear(b.input())
    shifted = b.unary("exp", b.sub(x, b.mean(x)))
    y = b.div(shifted, b.total(shifted))
    return [x, y, b.linear(y)]


def layer_norm_written_out(b):
    x = b.gelu(b.linear(b.input()))
    centred = b.sub(x, b.mean(x))
    deviation = b.unary("sqrt", b.plus(b.mean(b.mul(centred, centred)), 1e-5))
    y = b.plus(b.times(b.div(centred, deviation), 1.5), 0.1)
    return [x, y, b.linear(y)]


def rms_norm_written_out(b):
    x = b.linear(b.input())
    y = b.div(x, b.unary("sqrt", b.plus(b.mean(b.mul(x, x)), 1e-5)))
    return [x, y, b.linear(y)]


def pooled(b):
    x = b.unary("relu", b.linear(b.input()))
    return [x, b.mean(x)]


def joined_and_parted(b):
    left, right = b.unary("relu", b.linear(b.input())), b.linear(b.input())
    both = b.reshape(b.concat(b.halves(left)[0], b.halves(right)[1]))
    return [left, right, b.linear(both)]


def gated_linear_unit(b):
    x = b.linear(b.input())
    value, gate = b.halves(x)
    y = b.mul(value, b.unary("sigmoid", gate))
    return [x, y, b.narrow(y)]


def rescaled_input(b):
    return [b.linear(b.plus(b.times(b.input(), 2.0), -1.0))]


def channel_attention_added_again(b):
    x = b.linear(b.input())
    gate = b.unary("sigmoid", b.linear(x))
    y = b.add(b.mul(x, gate), x)
    return [x, gate, y, b.linear(y)]


PATTERNS = [
    *(bias_and_relu, silu_written_out, hard_swish_written_out, hard_sigmoid_written_out),
    *(
        gelu_by_tanh,
        own_activations,
        residual,
        squeeze_and_excite,
        softmax_between_layers,
        softmax_written_out,
    ),
    *(
        layer_norm_written_out,
        rms_norm_written_out,
        pooled,
        activation_that_others_pass_by,
        joined_and_parted,
    ),
    *(gated_linear_unit, rescaled_input, channel_attention_added_again),
]
