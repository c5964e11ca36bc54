"""Verilog text of an exported top."""

from __future__ import annotations

import os
import re

from amaranth.back import verilog

from fmcodec_hw.shell import AxiTop

__all__ = ["to_verilog"]

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
