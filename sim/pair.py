"""The cores of a configuration side by side in one Verilog module, so that it is built once."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.lib.wiring import Out

from fmcodec_hw.shell import AxiTop, Port, ports

__all__ = ["NAME", "public_signals", "verilog"]

NAME = "pair"


def verilog(tops: Mapping[str, AxiTop]) -> str:
    """Module `pair`: an instance per core, and a monitor on every stream that a core drives.

    Its ports are `clk`, `rst` (active high whatever the cores' reset), `<core>_<port>` for every
    port of a core, and `violations`, the monitors' sum.
    """
    declared = ["input clk", "input rst", "output [15:0] violations"]
    parts, counts = [], []
    for core, top in tops.items():
        reset = "rst" if top.reset_port == "rst" else "~rst"
        pins = [".clk(clk)", f".{top.reset_port}({reset})"]
        for port in ports(top)[2:]:
            declared.append(f"{port.direction} [{port.width - 1}:0] {core}_{port.name}")
            pins.append(f".{port.name}({core}_{port.name})")
        parts.append(f"  {top.name} {core} (\n    " + ",\n    ".join(pins) + "\n  );\n")
        for prefix, flow in top.streams.items():
            if flow == Out:
                counts.append(f"at_{core}_{prefix}")
                parts.append(_monitor(top, core, prefix, counts[-1]))
    header = ",\n  ".join(declared)
    wires = f"  wire [15:0] {', '.join(counts)};\n  assign violations = {' + '.join(counts)};\n"
    return f"module {NAME} (\n  {header}\n);\n{wires}{''.join(parts)}endmodule\n"


def _monitor(top: AxiTop, core: str, prefix: str, count: str) -> str:
    payload = [port for port in ports(top) if _is_payload(port, prefix)]
    width = sum(port.width for port in payload)
    names = ", ".join(f"{core}_{port.name}" for port in payload)
    return (
        f"  axis_monitor #(.WIDTH({width})) monitor_{core}_{prefix} (\n"
        f"    .clk(clk), .rst(rst), .valid({core}_{prefix}_tvalid), "
        f".ready({core}_{prefix}_tready),\n"
        f"    .payload({{{names}}}), .violations({count})\n  );\n"
    )


def _is_payload(port: Port, prefix: str) -> bool:
    stream, _, field = port.name.rpartition("_t")
    return stream == prefix and field not in ("valid", "ready")


def public_signals() -> str:
    """Verilator's configuration: the ports are all that cocotb needs.

    Every signal public, its default, makes builds ten times slower.
    """
    return f'`verilator_config\npublic_flat_rw -module "{NAME}" -var "*"\n'
