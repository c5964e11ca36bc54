"""The FMTC cores as they are exported: ports, options, named configurations."""

from __future__ import annotations

from functools import partial
from typing import Any

import click
from amaranth.lib import wiring

from fmcodec import fmtc
from fmcodec.fmtc import Params, cycles
from fmcodec.fmtc.params import CODERS, TRANSFORMS
from fmcodec_hw.codec import Codec, Config, Performance
from fmcodec_hw.fmtc.decoder import Decoder
from fmcodec_hw.fmtc.dot_product import DotProduct
from fmcodec_hw.fmtc.encoder import Encoder
from fmcodec_hw.shell import MEMORIES, AxiTop

__all__ = ["CODEC"]

_MULTIPLIERS = ("inferred", "booth")
_DEFAULTS = {"folded": False, "memory": MEMORIES[0], "multipliers": _MULTIPLIERS[0]}
_PARAMS = Params(16, "dct4", "rice")  # nothing to load but a few numbers
_STREAMS = {
    "encoder": {"ctx": "s_axis_ctx", "tile": "s_axis_tile", "values": "s_axis", "code": "m_axis"},
    "decoder": {"ctx": "s_axis_ctx", "length": "s_axis_len", "code": "s_axis", "values": "m_axis"},
}


def _build(config: Config, *, name: str) -> dict[str, AxiTop]:
    options = {**_DEFAULTS, **config.options}
    folded, booth = options["folded"], options["multipliers"] == "booth"
    cores: dict[str, wiring.Component] = {
        "encoder": Encoder(config.params, folded=folded, booth=booth),
        "decoder": Decoder(config.params, booth=booth),
    }
    # a folded encoder is another module: it may live beside one that is not
    names = {"encoder": f"{name}_encoder{'_folded' * folded}", "decoder": f"{name}_decoder"}
    return {
        core: AxiTop(
            component,
            name=names[core],
            # ports that are no streams keep their names
            prefixes={m: _STREAMS[core].get(m, m) for m in component.signature.members},
            reset=config.reset,
            register_ports=config.register_ports,
            memory=options["memory"],
        )
        for core, component in cores.items()
    }


def _performance(config: Config, core: str) -> Performance:
    params = config.params
    folded = config.options.get("folded", False) and core == "encoder"
    busy = cycles.vector_cycles(params, folded=folded)
    rate = (
        "1 coefficient" if busy == params.channels else f"{params.channels / busy:.3g} coefficients"
    )
    beyond = f"and at most {cycles.TILE_CYCLES} cycles a tile"
    once = cycles.latency(params, folded=folded) + cycles.TILE_CYCLES
    return Performance(
        f"{rate} per cycle on any data, {beyond}",
        f"within {once} cycles of the first beat of a row of tiles the first coefficient is coded"
        if core == "encoder"
        else f"first value valid within {once} cycles of the first beat of a row of tiles",
    )


_OPTIONS = (
    click.Option(["--channels"], type=int, default=_PARAMS.channels, help="Values of a vector."),
    click.Option(["--transform"], default=_PARAMS.transform, help=f"{', '.join(TRANSFORMS)}."),
    click.Option(["--coder"], default=_PARAMS.coder, help=f"Entropy coder: {', '.join(CODERS)}."),
    click.Option(
        ["--matrix-bits"], type=int, default=_PARAMS.matrix_bits, help="Bits of a matrix entry."
    ),
    click.Option(["--q-max"], type=int, default=_PARAMS.q_max, help="Largest symbol."),
    click.Option(
        ["--max-code-bits"], type=int, default=_PARAMS.max_code_bits, help="Longest Huffman code."
    ),
    click.Option(
        ["--tables"],
        type=int,
        default=_PARAMS.tables,
        help="Code tables, or groups of components of the Rice coder.",
    ),
    click.Option(
        ["--lanes"], type=int, default=None, help="Multipliers with a matrix; default: --channels."
    ),
    click.Option(
        ["--folded"], is_flag=True, help="Encoder: is given coefficients, a convolution transforms."
    ),
    click.Option(
        ["--memory"],
        type=click.Choice(MEMORIES),
        default=MEMORIES[0],
        help="Memories: arrays in the Verilog, or modules to put macros in the place of.",
    ),
    click.Option(
        ["--multipliers"],
        type=click.Choice(_MULTIPLIERS),
        default=_MULTIPLIERS[0],
        help="Multiplier by a scale: a product, for an FPGA's blocks, or Booth's terms, for gates.",
    ),
)


def _configure(**values: Any) -> Config:
    options = {name: values.pop(name) for name in _DEFAULTS}
    params = Params(**{name: values.pop(name) for name in Params.__dataclass_fields__})
    return Config("fmtc", "", params, options, **values)


def _config(name: str, channels: int, transform: str, coder: str, **more: Any) -> Config:
    sizes = ("matrix_bits", "q_max", "max_code_bits", "tables", "lanes")
    params = Params(
        channels, transform, coder, **{name: more.pop(name) for name in sizes if name in more}
    )
    options = {name: more.pop(name, default) for name, default in _DEFAULTS.items()}
    return Config("fmtc", name, params, options, **more)


_BOTH = ("asic", "fpga")
_FLOWS = (*_BOTH, "energy", "gates")
_FOLDED: dict[str, Any] = {"folded": True, "cores": ("encoder",)}  # any decoder is beside it
# Named by the transform and C, the coder, and what is unusual
_CONFIGS = (
    _config("dct4-rice", 16, "dct4", "rice", short=True, maps=True, figures=_FLOWS),
    _config(
        "dct4-rice-async", 16, "dct4", "rice", tables=1, multipliers="booth", reset="async-low"
    ),
    _config("dct4-huffman", 16, "dct4", "huffman", maps=True, figures=_BOTH),
    _config("matrix16-huffman", 16, "matrix", "huffman", q_max=60, short=True, maps=True),
    _config("matrix16-rice-4lanes", 16, "matrix", "rice", matrix_bits=10, lanes=4, maps=True),
    _config("matrix64-huffman-16lanes", 64, "matrix", "huffman", lanes=16, figures=_BOTH),
    _config("matrix64-huffman-4lanes", 64, "matrix", "huffman", lanes=4, slow=True, figures=_BOTH),
    _config("matrix64-huffman-1lane", 64, "matrix", "huffman", lanes=1, slow=True, figures=_BOTH),
    _config("matrix12-rice-1lane-external", 12, "matrix", "rice", lanes=1, memory="external"),
    _config("none16-rice", 16, "none", "rice", tables=8, maps=True, figures=(*_BOTH, "energy")),
    _config("none64-rice", 64, "none", "rice", tables=1),
    _config("none5-rice-registered", 5, "none", "rice", q_max=31, register_ports=True),
    _config("none256-rice-external", 256, "none", "rice", memory="external"),
    _config("none64-huffman", 64, "none", "huffman", max_code_bits=15, tables=8, maps=True),
    _config(
        "none9-huffman-external",
        9,
        "none",
        "huffman",
        q_max=30,
        memory="external",
        multipliers="booth",
    ),
    _config("folded16-rice", 16, "dct4", "rice", short=True, figures=(*_BOTH, "energy"), **_FOLDED),
    _config("folded16-huffman", 16, "dct4", "huffman", figures=_BOTH, **_FOLDED),
)

CODEC = Codec(
    id="fmtc",
    title="FMTC encoder and decoder (feature-map transform coding, lossy)",
    format_version=fmtc.FORMAT_VERSION,
    performance=_performance,
    build=_build,
    options=_OPTIONS,
    configure=_configure,
    configs=_CONFIGS,
    parts={f"mac{lanes}": partial(DotProduct, lanes, 8, 8) for lanes in (1, 4, 16)},
)
