"""The project's own cell library: areas in gate equivalents, delays by logical effort.

It stands in where no process is at hand, so that figures are comparable anywhere. What each value
is and where it comes from:

- Area: widths in placement sites of 0.19 um of the NanGate 45 nm Open Cell Library's databook
  (NAND2_X1 is 3 sites), for every cell of the table. A gate equivalent is NAND2_X1.
- Delay: the linear model of Sutherland, Sproull and Harris, "Logical Effort" (1999), chapters 1
  and 4: tau * (p + g*h). `effort` is g of the worst input, `parasitic` is p; cells of two stages
  add the first one, p and all, with its own load. XOR and multiplexer: the same book's table 4.1.
- tau is 5 ps, a fan-out-of-four inverter (5 tau) of 25 ps, as of 65 nm.
- Registers: clock to output two, setup one fan-out-of-four delay, the textbook range of Weste and
  Harris, "CMOS VLSI Design" (4th edition), chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CELLS", "NAME", "Cell", "liberty", "write"]

NAME = "fmcodec_cells"
_TAU_NS = 0.005
_UNIT_FF = 1.0  # input capacitance of INV_X1
_SITES_PER_GE = 3


@dataclass(frozen=True)
class Cell:
    """A combinational cell with output Y; inputs are the letters of its function.

    `sites` is its width, `effort` the input capacitance and `parasitic` the unloaded delay of a
    cell of drive 1; `drive` scales capacitance, not the delay without load.
    """

    name: str
    function: str
    sites: int
    effort: float
    parasitic: float
    drive: int = 1

    @property
    def area(self) -> float:
        """Area in gate equivalents."""
        return self.sites / _SITES_PER_GE

    @property
    def inputs(self) -> list[str]:
        """Input pins."""
        return sorted({letter for letter in self.function if letter.isalpha()})


CELLS = (
    Cell("INV_X1", "!A", 2, 1, 1),
    Cell("INV_X2", "!A", 3, 2, 1, 2),
    Cell("INV_X4", "!A", 5, 4, 1, 4),
    Cell("BUF_X1", "A", 3, 1, 3),
    Cell("BUF_X2", "A", 4, 1, 4, 2),
    Cell("BUF_X4", "A", 7, 2, 4, 4),
    Cell("NAND2_X1", "!(A*B)", 3, 4 / 3, 2),
    Cell("NAND2_X2", "!(A*B)", 5, 8 / 3, 2, 2),
    Cell("NAND3_X1", "!(A*B*C)", 4, 5 / 3, 3),
    Cell("NAND4_X1", "!(A*B*C*D)", 5, 2, 4),
    Cell("NOR2_X1", "!(A+B)", 3, 5 / 3, 2),
    Cell("NOR2_X2", "!(A+B)", 5, 10 / 3, 2, 2),
    Cell("NOR3_X1", "!(A+B+C)", 4, 7 / 3, 3),
    Cell("NOR4_X1", "!(A+B+C+D)", 5, 3, 4),
    Cell("AND2_X1", "A*B", 4, 4 / 3, 4),
    Cell("AND3_X1", "A*B*C", 5, 5 / 3, 5),
    Cell("OR2_X1", "A+B", 4, 5 / 3, 4),
    Cell("OR3_X1", "A+B+C", 5, 7 / 3, 5),
    Cell("AOI21_X1", "!((A*B)+C)", 4, 2, 7 / 3),
    Cell("AOI22_X1", "!((A*B)+(C*D))", 5, 2, 4),
    Cell("AOI211_X1", "!((A*B)+C+D)", 5, 8 / 3, 4),
    Cell("OAI21_X1", "!((A+B)*C)", 4, 2, 7 / 3),
    Cell("OAI22_X1", "!((A+B)*(C+D))", 5, 2, 4),
    Cell("OAI211_X1", "!((A+B)*C*D)", 5, 7 / 3, 4),
    Cell("XOR2_X1", "(A*!B)+(!A*B)", 6, 4, 4),
    Cell("XNOR2_X1", "(A*B)+(!A*!B)", 6, 4, 4),
    Cell("MUX2_X1", "(A*!S)+(B*S)", 7, 2, 6),
)

# Registers and the clock gate: width in sites
_DFF_SITES, _DFFR_SITES, _CLKGATE_SITES = 17, 20, 13
_CLOCK_TO_Q, _SETUP = 10, 5  # in tau
_LOADS_FF = (1, 4, 16, 64, 256)
_SLEWS_NS = (0.005, 0.5)  # the linear model knows no slew: both rows of a table are the same


def _table(kind: str, values: list[float]) -> str:
    row = '"' + ", ".join(f"{value:.5f}" for value in values) + '"'
    return f"{kind} (by_load) {{ values ({row}, {row}); }}"


def _arc(related: str, intrinsic: float, drive: int, kind: str) -> str:
    delays = [_TAU_NS * (intrinsic + load / _UNIT_FF / drive) for load in _LOADS_FF]
    slews = [_TAU_NS * (1 + load / _UNIT_FF / drive) for load in _LOADS_FF]
    tables = [_table(f"cell_{edge}", delays) for edge in ("rise", "fall")]
    tables += [_table(f"{edge}_transition", slews) for edge in ("rise", "fall")]
    return f'timing () {{ related_pin : "{related}"; {kind} ' + " ".join(tables) + " }"


def _input(name: str, capacitance: float, more: str = "") -> str:
    return f"pin ({name}) {{ direction : input; capacitance : {capacitance:.4f}; {more} }}"


def _combinational(cell: Cell) -> str:
    binate = cell.name.startswith(("XOR", "XNOR", "MUX"))
    inverting = cell.function.startswith("!")
    sense = "non_unate" if binate else "negative_unate" if inverting else "positive_unate"
    lines = [_input(pin, cell.effort * _UNIT_FF) for pin in cell.inputs]
    arcs = [
        _arc(pin, cell.parasitic, cell.drive, f"timing_sense : {sense};") for pin in cell.inputs
    ]
    lines.append(
        f'pin (Y) {{ direction : output; function : "{cell.function}"; '
        f"max_capacitance : {_LOADS_FF[-1] * cell.drive / 4:.0f}; " + " ".join(arcs) + " }"
    )
    return _cell(cell.name, cell.area, lines)


def _setup() -> str:
    checks = []
    for kind, time in (("setup", _SETUP * _TAU_NS), ("hold", 0.0)):
        values = [
            f'{edge}_constraint (scalar) {{ values ("{time:.5f}"); }}' for edge in ("rise", "fall")
        ]
        checks.append(
            f'timing () {{ related_pin : "CK"; timing_type : {kind}_rising; {" ".join(values)} }}'
        )
    return " ".join(checks)


def _register(name: str, sites: int, *, reset: bool) -> str:
    clear = 'clear : "!RN";' if reset else ""
    rising = "timing_type : rising_edge;"
    lines = [
        f'ff (IQ, IQN) {{ clocked_on : "CK"; next_state : "D"; {clear} }}',
        _input("CK", 2 * _UNIT_FF, "clock : true;"),
        _input("D", _UNIT_FF, _setup()),
        f'pin (Q) {{ direction : output; function : "IQ"; {_arc("CK", _CLOCK_TO_Q, 1, rising)} }}',
    ]
    if reset:
        lines.insert(3, _input("RN", 2 * _UNIT_FF))
    return _cell(name, sites / _SITES_PER_GE, lines)


def _clock_gate() -> str:
    lines = [
        "clock_gating_integrated_cell : latch_posedge; dont_use : true;",
        'statetable ("CK E", "IQ") { table : "L L : - : L, L H : - : H, H - : - : N"; }',
        'pin (IQ) { direction : internal; internal_node : "IQ"; }',
        _input("CK", 2 * _UNIT_FF, "clock : true; clock_gate_clock_pin : true;"),
        _input("E", _UNIT_FF, "clock_gate_enable_pin : true;"),
        'pin (GCK) { direction : output; clock_gate_out_pin : true; state_function : "CK * IQ"; '
        + _arc("CK", 4, 1, "timing_sense : positive_unate;")
        + " }",
    ]
    return _cell("CLKGATE_X1", _CLKGATE_SITES / _SITES_PER_GE, lines)


def _cell(name: str, area: float, lines: list[str]) -> str:
    body = "\n    ".join(lines)
    return f"  cell ({name}) {{\n    area : {area:.4f};\n    {body}\n  }}\n"


def liberty() -> str:
    """The library in Liberty format; areas in gate equivalents, ns, fF."""
    thresholds = "".join(
        f"  {side}_threshold_pct_{edge} : 50;\n"
        for side in ("input", "output")
        for edge in ("rise", "fall")
    )
    slews = "".join(
        f"  slew_{end}_threshold_pct_{edge} : {percent};\n"
        for end, percent in (("lower", 20), ("upper", 80))
        for edge in ("rise", "fall")
    )
    loads = ", ".join(str(load) for load in _LOADS_FF)
    header = (
        f"library ({NAME}) {{\n"
        "  delay_model : table_lookup;\n"
        '  time_unit : "1ns";\n'
        '  voltage_unit : "1V";\n'
        '  current_unit : "1uA";\n'
        '  pulling_resistance_unit : "1kohm";\n'
        "  capacitive_load_unit (1, ff);\n"
        "  nom_process : 1; nom_temperature : 25; nom_voltage : 1;\n"
        f"{thresholds}{slews}"
        "  default_max_transition : 0.5;\n"
        "  lu_table_template (by_load) {\n"
        "    variable_1 : input_net_transition;\n"
        "    variable_2 : total_output_net_capacitance;\n"
        f'    index_1 ("{_SLEWS_NS[0]}, {_SLEWS_NS[1]}");\n'
        f'    index_2 ("{loads}");\n'
        "  }\n"
    )
    cells = [_combinational(cell) for cell in CELLS]
    cells.append(_register("DFF_X1", _DFF_SITES, reset=False))
    cells.append(_register("DFFR_X1", _DFFR_SITES, reset=True))
    cells.append(_clock_gate())
    return header + "".join(cells) + "}\n"


def write(folder: Path) -> Path:
    """Write the library into `folder`; the path of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.lib"
    path.write_text(liberty())
    return path
