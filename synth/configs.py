"""The configurations whose figures are kept, and the cores of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fmcodec.ebpc import Params
from fmcodec_hw import export

__all__ = ["CONFIGS", "CORES", "config_name", "top"]

# Named m/n/z, port words after a "p" where the BPC port is wider than a word
CONFIGS = {
    "8/8/16": Params(8, 8, 16),
    "8/8/16p2": Params(8, 8, 16, 2),
    "16/16/16": Params(16, 16, 16),
    "16/8/16": Params(16, 8, 16),
    "8/8/8": Params(8, 8, 8),
    "32/16/16": Params(32, 16, 16),
    "8/16/16": Params(8, 16, 16),
    "8/4/16": Params(8, 4, 16),
}

CORES: dict[str, Callable[..., export.AxiTop]] = {
    "encoder": export.ebpc_encoder,
    "encoder-compact": partial(export.ebpc_encoder, compact=True),
    "decoder": export.ebpc_decoder,
    "decoder-compact": partial(export.ebpc_decoder, compact=True),
    "decoder-unchecked": partial(export.ebpc_decoder, checked=False),
    "decoder-compact-unchecked": partial(export.ebpc_decoder, compact=True, checked=False),
}


def config_name(text: str) -> str:
    """Canonical name of a configuration: "m8n8z16p2" is another way to write "8/8/16p2".

    Raises:
        ValueError: no configuration has that name.
    """
    name = text.removeprefix("m").replace("n", "/").replace("z", "/")
    if name not in CONFIGS:
        raise ValueError(f"config must be one of {', '.join(CONFIGS)}, not {text!r}")
    return name


def top(config: str, core: str, *, reset: str) -> export.AxiTop:
    """The exported top of a core of a configuration."""
    return CORES[core](CONFIGS[config], reset=reset)
