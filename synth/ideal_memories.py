"""Liberty of the memories beside a core, for paths from and to them to be timed."""

from __future__ import annotations

from fmcodec_hw.ram import RamMacros

__all__ = ["liberty"]

_HEAD = """\
library (memories) {
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1mA";
  pulling_resistance_unit : "1kohm";
  capacitive_load_unit (1, ff);
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_upper_threshold_pct_fall : 80;
"""
_SETUP = """
        timing () {
          related_pin : "clk"; timing_type : setup_rising;
          rise_constraint (scalar) { values ("0"); }
          fall_constraint (scalar) { values ("0"); }
        }"""
_ACCESS = """
        timing () {
          related_pin : "clk"; timing_type : rising_edge;
          cell_rise (scalar) { values ("0"); }
          cell_fall (scalar) { values ("0"); }
          rise_transition (scalar) { values ("0"); }
          fall_transition (scalar) { values ("0"); }
        }"""


def liberty(macros: RamMacros) -> str:
    """A library of the modules of `macros`.

    They are ideal: no capacitance, no setup, no access time. A path from one begins at the clock's
    edge, a path to one ends at it; what a macro really needs comes on top.
    """
    cells = [_cell(name, words, bits) for name, (words, bits) in sorted(macros.sizes.items())]
    return "".join([_HEAD, *cells, "}\n"])


def _cell(name: str, words: int, bits: int) -> str:
    place = (words - 1).bit_length()
    pins = {"write_enable": 0, "write_address": place, "write_data": bits}
    pins |= {"read_enable": 0, "read_address": place, "read_data": bits}
    types = "".join(
        f"  type ({name}_{width}) {{ base_type : array; data_type : bit; bit_width : {width}; "
        f"bit_from : {width - 1}; bit_to : 0; downto : true; }}\n"
        for width in sorted({width for width in pins.values() if width})
    )
    members = "".join(_pin(name, pin, width) for pin, width in pins.items())
    clock = "    pin (clk) { direction : input; clock : true; capacitance : 0; }\n"
    return f"{types}  cell ({name}) {{\n    area : 0; is_macro_cell : true;\n{clock}{members}  }}\n"


def _pin(module: str, name: str, width: int) -> str:
    """A pin, or a bus of `width` bits where that is not 0."""
    kind = f"bus ({name}) {{ bus_type : {module}_{width};" if width else f"pin ({name}) {{"
    if name == "read_data":
        return f"    {kind} direction : output;{_ACCESS}\n    }}\n"
    return f"    {kind} direction : input; capacitance : 0;{_SETUP}\n    }}\n"
