"""The Rice cores as they are exported: ports, options, named configurations."""

from __future__ import annotations

from typing import Any

import click

from fmcodec import rice
from fmcodec.rice import Params
from fmcodec_hw.codec import Codec, Config, Performance
from fmcodec_hw.rice.decoder import Decoder
from fmcodec_hw.rice.encoder import Encoder
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
            prefixes={"words": "s_axis", "code": "m_axis_code"},
            **shell,
        ),
        "decoder": AxiTop(
            Decoder(config.params, **options),
            name=f"{name}_decoder",
            prefixes={"length": "s_axis_len", "code": "s_axis_code", "words": "m_axis"},
            **shell,
        ),
    }


def _performance(config: Config, core: str) -> Performance:
    if config.params.port_words > 1:
        rate = "1 word per cycle on any data"
    else:
        # a cycle without a word sends a beat, of which there are at most 9/8 a word
        rate = f"{8 / 17:.2f} words per cycle on the worst data, 1 at best"
    latency = {
        "encoder": "a word's code is in the queue a cycle after the next word is taken",
        "decoder": "first word valid two cycles after the second beat, or the only one",
    }[core]
    return Performance(rate, latency)


_READING = "Simulation: {} The cores are told with every packet."
_OPTIONS = (
    click.Option(["--word-bits"], type=int, default=_PARAMS.word_bits, help="Bits of a word."),
    click.Option(
        ["--port-words"], type=int, default=_PARAMS.port_words, help="Words of a code beat."
    ),
    click.Option(
        ["--signed/--unsigned"], default=_PARAMS.signed, help=_READING.format("how words are read.")
    ),
    click.Option(
        ["--delta/--no-delta"],
        default=_PARAMS.delta,
        help=_READING.format("whether a word predicts the next."),
    ),
    click.Option(
        ["--sign-last/--sign-first"],
        default=_PARAMS.sign_last,
        help=_READING.format("whether the sign goes to the lowest bit."),
    ),
    click.Option(["--compact"], is_flag=True, help="Encoder: fewer gates, slower clock."),
    click.Option(["--checked/--no-checked"], default=True, help="Decoder: report damage in tuser."),
    click.Option(
        ["--length-bits"], type=int, default=24, help="Decoder: bits of a packet's length."
    ),
)


def _configure(**values: Any) -> Config:
    options = {name: values.pop(name) for name in _DEFAULTS}
    names = ("word_bits", "port_words", "signed", "delta", "sign_last")
    params = Params(**{name: values.pop(name) for name in names})
    return Config("rice", "", params, options, **values)


def _config(name: str, word_bits: int, port_words: int, **more: Any) -> Config:
    flags = {name: more.pop(name) for name in ("signed", "delta", "sign_last") if name in more}
    options = {**_DEFAULTS, **more.pop("options", {})}
    params = Params(word_bits=word_bits, port_words=port_words, **flags)
    return Config("rice", name, params, options, **more)


_FLOWS = ("asic", "fpga", "energy", "gates")
# Named m, "p" with the words of a beat, and what is unusual
_CONFIGS = (
    _config("8p2", 8, 2, short=True, maps=True, figures=_FLOWS),
    _config(
        "8p2-compact",
        8,
        2,
        options={"compact": True},
        cores=("encoder",),
        short=True,
        figures=_FLOWS,
    ),
    _config(
        "8p2-unchecked", 8, 2, options={"checked": False}, cores=("decoder",), figures=("asic",)
    ),
    _config("8p1", 8, 1, short=True, signed=True, figures=("asic",)),
    _config("8p4", 8, 4, signed=True, figures=("asic",)),
    _config("16p1", 16, 1, signed=True, sign_last=True, figures=("asic",)),
    _config("16p2", 16, 2, signed=True, sign_last=True, short=True, figures=("asic",)),
    _config("16p2-plain", 16, 2, delta=False),
    _config("32p2", 32, 2, signed=True, figures=("asic",)),
    _config("8p2-async", 8, 2, delta=False, reset="async-low"),
    _config("8p2-registered", 8, 2, register_ports=True, figures=_FLOWS),
)

CODEC = Codec(
    id="rice",
    title="Rice encoder and decoder (adaptive Golomb-Rice codes with zero runs, lossless)",
    format_version=rice.FORMAT_VERSION,
    performance=_performance,
    build=_build,
    options=_OPTIONS,
    configure=_configure,
    configs=_CONFIGS,
)
