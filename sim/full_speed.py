"""Cycles of very many packets through a core of the exported Verilog whose ports never rest.

cocotb's benches simulate a few thousand cycles a second, a loop in C++ (full_speed.cpp) a million:
enough to search for the packets that take longest.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from amaranth.lib.wiring import In

from fmcodec_hw.export import write
from fmcodec_hw.shell import AxiTop, ports
from fmcodec_hw.verilog import to_verilog
from sim.runner import EXPORT, ROOT, shared_runtime, simulator_environment

__all__ = ["FullSpeed"]

Streams = Mapping[str, np.ndarray]


class FullSpeed:
    """One core, built with Verilator, in a process of its own. A context manager.

    Parameters:
        top: the core.
        folder: where it is built; left alone where the same has been built there before.

    Raises:
        RuntimeError: it cannot be built.
    """

    def __init__(self, top: AxiTop, folder: Path) -> None:
        widths = {port.name: port.width for port in ports(top)}
        self._inputs = [prefix for prefix, flow in top.streams.items() if flow == In]
        self._lanes = {p: widths.get(f"{p}_tkeep", 1) for p in self._inputs}
        self._name = top.name
        with EXPORT:
            verilog = to_verilog(top)
        files = {"core.v": verilog, "ports.h": _header(top, self._inputs, widths)}
        files["full_speed.cpp"] = (ROOT / "sim" / "full_speed.cpp").read_text()
        program = folder / "build" / "Vcore"
        same = all(
            (folder / name).exists() and (folder / name).read_text() == text
            for name, text in files.items()
        )
        if not (same and program.exists()):
            write(files, folder)
            self._build(folder)
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=-1
        )

    def _build(self, folder: Path) -> None:
        command = f"verilator --cc --exe --build -O3 -Wno-fatal -Wno-lint --top-module {self._name}"
        command += " --prefix Vcore -CFLAGS -O2 --Mdir build core.v full_speed.cpp"
        with shared_runtime(folder / "build", "full-speed"):
            done = subprocess.run(
                shlex.split(command),
                cwd=folder,
                env={**os.environ, **simulator_environment("verilator")},
                capture_output=True,
                text=True,
                check=False,
            )
        (folder / "build.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            raise RuntimeError(f"Verilator cannot build it; see {folder / 'build.log'}")

    def cycles(self, packets: Sequence[Streams], *, gap: int = 4) -> np.ndarray:
        """Cycles that each packet takes, int64.

        Parameters:
            packets: of every packet the beats' data by stream; in the last beat of a stream with
                keep, `<stream>_keep` says which lanes count, all by default.
            gap: idle cycles between packets; 0: they follow one another, and a packet's cycles
                count from the end of the one before.

        Raises:
            RuntimeError: a packet does not end.
        """
        parts: list[np.ndarray] = [np.array([len(packets), gap], np.uint64)]
        for packet in packets:
            for name in self._inputs:
                data = np.asarray(packet[name])
                keep = packet.get(f"{name}_keep", 2 ** self._lanes[name] - 1)
                parts += [np.array([len(data), keep], np.uint64), data.astype(np.uint64)]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(np.concatenate(parts).astype("<u8").tobytes())
        self._process.stdin.flush()
        answer = self._process.stdout.read(8 * len(packets))
        cycles = np.frombuffer(answer, "<u8", len(answer) // 8)
        if len(cycles) < len(packets) or cycles[-1] == 2**64 - 1:
            raise RuntimeError(
                f"packet {len(cycles) - 1} of a batch of {len(packets)} does not end"
            )
        return cycles.astype(np.int64)

    def __enter__(self) -> FullSpeed:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _header(top: AxiTop, inputs: Sequence[str], widths: Mapping[str, int]) -> str:
    """What full_speed.cpp knows of the ports."""
    outputs = [prefix for prefix in top.streams if prefix not in inputs]
    offers, takes = [], []
    for i, name in enumerate(inputs):
        sets = [
            f"core.{name}_tvalid = valid;",
            f"core.{name}_tdata = data & {_mask(widths[f'{name}_tdata'])};",
        ]
        if f"{name}_tkeep" in widths:
            sets.append(f"core.{name}_tkeep = keep & {_mask(widths[f'{name}_tkeep'])};")
        if f"{name}_tlast" in widths:
            sets.append(f"core.{name}_tlast = last;")
        offers.append(f"        case {i}: {' '.join(sets)} break;")
        takes.append(f"        case {i}: return core.{name}_tready;")
    ends = [
        f"        case {i}: return core.{name}_tvalid && core.{name}_tlast;"
        for i, name in enumerate(outputs)
    ]
    accepts = " ".join(f"core.{name}_tready = 1;" for name in outputs)
    held = "held" if top.reset_port == "rst" else "!held"
    return "\n".join(
        [
            f"enum {{ INPUTS = {len(inputs)}, OUTPUTS = {len(outputs)} }};",
            "static void offer(Vcore& core, int i, bool valid, uint64_t data, uint64_t keep,",
            "                  bool last) {",
            "    switch (i) {",
            *offers,
            "    }",
            "}",
            "static bool taken(const Vcore& core, int i) {",
            "    switch (i) {",
            *takes,
            "    }",
            "    return false;",
            "}",
            "static bool ends(const Vcore& core, int i) {",
            "    switch (i) {",
            *ends,
            "    }",
            "    return false;",
            "}",
            f"static void accept(Vcore& core) {{ {accepts} }}",
            f"static void hold_reset(Vcore& core, bool held) {{ core.{top.reset_port} = {held}; }}",
            "",
        ]
    )


def _mask(bits: int) -> str:
    return f"{2**bits - 1:#x}ULL"
