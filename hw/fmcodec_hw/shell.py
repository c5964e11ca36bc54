"""The shell around an exported core: flat AXI4-Stream ports, clock and reset.

The cores speak `amaranth.lib.stream` with struct payloads; a tool that reads Verilog wants one
port per AXI4-Stream field. `AxiTop` is that shell: wires, the reset's inverter and, where they are
wanted, a register slice at every stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from amaranth import ClockDomain, ClockSignal, Module, ResetSignal, Shape
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import Flow, In, Out

from fmcodec_hw.register_slice import RegisterSlice

__all__ = ["MEMORIES", "RESETS", "AxiTop", "Port", "ports"]

RESETS = ("sync-high", "async-low")
MEMORIES = ("inferred", "external")


@dataclass(frozen=True)
class Port:
    """A port of the exported module: `direction` is "input" or "output", `width` in bits."""

    name: str
    direction: str
    width: int


class AxiTop(wiring.Component):
    """A core behind flat ports named as AXI4-Stream names them, with its clock and reset.

    A stream member `x` of the core becomes `<prefix>_tdata`, `_tvalid`, `_tready` and, where its
    beats have them, `_tkeep`, `_tlast`, `_tuser`; cycle behaviour is the core's. A member that is
    no stream becomes a port of the prefix's name.

    With `register_ports` every stream passes a `RegisterSlice`: nothing combinational leads from
    an input to an output, and a beat takes a cycle more on its way in and one on its way out.

    Parameters:
        core: the component to wrap; its members are streams or plain signals.
        name: name of the exported module, and prefix of its submodules' names.
        prefixes: the AXI4-Stream prefix of every member, e.g. {"words": "s_axis"}. Slaves begin
            with "s", masters with "m".
        reset: "sync-high" for `rst`, sampled at the clock edge, or "async-low" for `rst_n`, which
            takes hold at once and must be released in step with `clk`.
        register_ports: put a register slice at every stream.
        memory: "inferred", arrays of which tools make block RAM, or "external", instances of
            modules that stand beside the core's text (`fmcodec_hw.ram`).

    Attributes:
        streams: direction of every AXI4-Stream port, by its prefix.

    Raises:
        ValueError: `reset` or `memory` is unknown, or `prefixes` and the core's members differ.
    """

    def __init__(
        self,
        core: wiring.Component,
        *,
        name: str,
        prefixes: Mapping[str, str],
        reset: str = "sync-high",
        register_ports: bool = False,
        memory: str = MEMORIES[0],
    ):
        for option, value, choices in (("reset", reset, RESETS), ("memory", memory, MEMORIES)):
            if value not in choices:
                raise ValueError(f"{option} must be {' or '.join(choices)}, not {value!r}")
        if set(prefixes) != set(core.signature.members):
            raise ValueError(
                f"ports of {name} must be {', '.join(prefixes)}, "
                f"not {', '.join(core.signature.members)}"
            )
        self.core, self.name, self.reset = core, name, reset
        self.register_ports, self.memory = register_ports, memory
        self.reset_port = "rst" if reset == "sync-high" else "rst_n"
        self.streams: dict[str, Flow] = {}
        # port, member of the core, path inside the member
        self._wires: list[tuple[str, str, tuple[str, ...]]] = []
        members = {"clk": In(1), self.reset_port: In(1)}
        for member, prefix in prefixes.items():
            inner = core.signature.members[member]
            flow = inner.flow
            if inner.is_port:
                members[prefix] = flow(Shape.cast(inner.shape).width)
                self._wires.append((prefix, member, ()))
                continue
            if prefix[0] != (side := "s" if flow == In else "m"):
                raise ValueError(f"prefix of {member} must begin with {side!r}, not {prefix!r}")
            self.streams[prefix] = flow
            back = Out if flow == In else In
            for field, width in _fields(inner.signature):
                port = f"{prefix}_t{field[-1] if field[-1] != 'payload' else 'data'}"
                members[port] = (back if field == ("ready",) else flow)(width)
                self._wires.append((port, member, field))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(async_reset=self.reset == "async-low")
        m.d.comb += ClockSignal().eq(self.clk)
        m.d.comb += ResetSignal().eq(self.rst if self.reset == "sync-high" else ~self.rst_n)
        m.submodules.core = self.core
        ends = {member: getattr(self.core, member) for _, member, _ in self._wires}
        for member, end in ends.items() if self.register_ports else ():
            inner = self.core.signature.members[member]
            if inner.is_port:
                continue
            # a member's signature is flipped where it is an input
            forward = inner.signature if inner.flow == Out else inner.signature.flip()
            m.submodules[f"{member}_slice"] = part = RegisterSlice(forward)
            if inner.flow == In:
                wiring.connect(m, part.output, end)
                ends[member] = part.input
            else:
                wiring.connect(m, end, part.input)
                ends[member] = part.output
        for port, member, path in self._wires:
            inner = ends[member]
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


def ports(top: AxiTop) -> list[Port]:
    """The ports of the exported module: clock, reset, then stream by stream."""
    return [
        Port(name, "input" if member.flow == In else "output", member.shape)
        for name, member in top.signature.members.items()
    ]
