"""The EBPC cores as they are exported: ports, options, named configurations."""

from __future__ import annotations

from typing import Any

import click

from fmcodec import ebpc
from fmcodec.ebpc import Params, cycles
from fmcodec_hw.codec import Codec, Config, Performance
from fmcodec_hw.ebpc.decoder import Decoder
from fmcodec_hw.ebpc.encoder import Encoder
from fmcodec_hw.shell import AxiTop

__all__ = ["CODEC"]

_DEFAULTS = {"compact": False, "checked": True, "length_bits": 24}
_PARAMS = Params()


def _build(config: Config, *, name: str) -> dict[str, AxiTop]:
    options = {**_DEFAULTS, **config.options}
    compact = options.pop("compact")
    shell: dict[str, Any] = {"reset": config.reset, "register_ports": config.register_ports}
    return {
        "encoder": AxiTop(
            Encoder(config.params, compact=compact),
            name=f"{name}_encoder",
            prefixes={"words": "s_axis", "bpc": "m_axis_bpc", "znz": "m_axis_znz"},
            **shell,
        ),
        "decoder": AxiTop(
            Decoder(config.params, compact=compact, **options),
            name=f"{name}_decoder",
            prefixes={
                "length": "s_axis_len",
                "bpc": "s_axis_bpc",
                "znz": "s_axis_znz",
                "words": "m_axis",
            },
            **shell,
        ),
    }


def _performance(config: Config, core: str) -> Performance:
    params, compact = config.params, config.options.get("compact", False)
    m, n = params.word_bits, params.block_words
    rate = cycles.guaranteed_words_per_cycle(params, compact=compact)
    # a base leaves a step after its block has come in; runs may leave a beat to the bases to fill
    drain = max(m - n, 0)  # steps of a block in which no word enters
    first_beat = params.port_words * n + (params.port_words - 1) * drain + 1
    latency = {
        "encoder": f"first BPC beat valid within {first_beat} steps of the first non-zero word",
        "decoder": f"first non-zero word valid one cycle after the {m}th step of its block",
    }[core]
    return Performance(
        f"{rate:.2f} words per cycle on the worst data, 1 at best",
        f"{latency}, a step a cycle where no port pauses",
    )


_OPTIONS = (
    click.Option(["--word-bits"], type=int, default=_PARAMS.word_bits, help="Bits of a word."),
    click.Option(
        ["--block-words"],
        type=int,
        show_default="8, or 16 where words are wider than 8 bits",
        help="Words a block.",
    ),
    click.Option(
        ["--max-zero-run"], type=int, default=_PARAMS.max_zero_run, help="Longest zero run."
    ),
    click.Option(
        ["--port-words"], type=int, default=_PARAMS.port_words, help="Words of a BPC beat."
    ),
    click.Option(
        ["--compact"], is_flag=True, help="Fewer gates, for up to two cycles more a block."
    ),
    click.Option(["--checked/--no-checked"], default=True, help="Decoder: report damage in tuser."),
    click.Option(
        ["--length-bits"], type=int, default=24, help="Decoder: bits of a packet's length."
    ),
)


def _configure(
    *, word_bits: int, block_words: Any, max_zero_run: int, port_words: int, **rest: Any
) -> Config:
    options = {name: rest.pop(name) for name in _DEFAULTS}
    params = Params(word_bits, block_words, max_zero_run, port_words)
    return Config("ebpc", "", params, options, **rest)


# Simulated in the short run too; whose maps run in full and stand in the table
_SHORT = ("8/8/16", "8/8/16-compact", "8/8/16p2", "16/8/16", "16/16/16p2-async")
_MAPS = ("8/8/16", "8/8/16-compact", "8/8/16p2")


def _config(name: str, *params: int, **more: Any) -> Config:
    options = {**_DEFAULTS, **more.pop("options", {})}
    short, maps = name in _SHORT, name in _MAPS
    return Config("ebpc", name, Params(*params), options, short=short, maps=maps, **more)


def _pair(name: str, *params: int, **more: Any) -> list[Config]:
    """The default and the compact cores of a configuration."""
    more = {"figures": ("asic",), **more}
    return [
        _config(name, *params, **more),
        _config(f"{name}-compact", *params, options={"compact": True}, **more),
    ]


def _unchecked(name: str, *params: int) -> list[Config]:
    """Decoders without damage detection."""
    more: dict[str, Any] = {"cores": ("decoder",), "figures": ("asic",)}
    return [
        _config(f"{name}-unchecked", *params, options={"checked": False}, **more),
        _config(
            f"{name}-compact-unchecked",
            *params,
            options={"compact": True, "checked": False},
            **more,
        ),
    ]


_FLOWS = ("asic", "fpga", "energy", "gates")
# Named m/n/z, "p2" for two words a beat, and what is unusual
_CONFIGS = (
    *_pair("8/8/16", 8, 8, 16, figures=_FLOWS),
    *_unchecked("8/8/16", 8, 8, 16),
    *_pair("8/8/16p2", 8, 8, 16, 2),
    *_unchecked("8/8/16p2", 8, 8, 16, 2),
    *_pair("16/16/16", 16, 16, 16),
    *_pair("16/8/16", 16, 8, 16),
    *_pair("8/8/8", 8, 8, 8),
    *_pair("32/16/16", 32, 16, 16),
    *_pair("8/16/16", 8, 16, 16),
    *_pair("8/4/16", 8, 4, 16),
    *_pair("8/8/256", 8, 8, 256, figures=()),
    *_pair("8/32/16", 8, 32, 16, figures=()),
    *_pair("8/32/16p2", 8, 32, 16, 2, figures=()),
    _config("16/16/16p2-async", 16, 16, 16, 2, reset="async-low", figures=("asic",)),
    _config("8/8/16-registered", 8, 8, 16, register_ports=True, figures=_FLOWS),
)

CODEC = Codec(
    id="ebpc",
    title="EBPC encoder and decoder (Extended Bit-Plane Compression, lossless)",
    format_version=ebpc.FORMAT_VERSION,
    performance=_performance,
    build=_build,
    options=_OPTIONS,
    configure=_configure,
    configs=_CONFIGS,
)
