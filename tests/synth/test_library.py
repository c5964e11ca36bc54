"""What is read from Liberty files."""

import gzip
from pathlib import Path

import pytest

from synth import library

PDK = Path(__file__).parents[3] / "shared" / "pdk"


def test_a_library_without_gate_equivalent_is_refused(tmp_path):
    path = tmp_path / "bad.lib"
    path.write_text("library (x) { cell (A) { area : 1; } }")
    with pytest.raises(ValueError, match=r"^bad\.lib must have a cell of function !\(A\*B\)"):
        library.load(path)
    path = tmp_path / "worse.lib"
    path.write_text("not Liberty at all")
    with pytest.raises(ValueError, match=r"^worse\.lib must be a Liberty file$"):
        library.load(path)


def flip_flop(name: str, area: float, outputs: dict[str, str], clear: str = "!R") -> str:
    pins = "".join(
        f'pin ({pin}) {{ direction : output; function : "{function}"; }} '
        for pin, function in outputs.items()
    )
    return (
        f'cell ({name}) {{ area : {area}; ff (IQ, IQN) {{ next_state : "D"; clocked_on : "CK"; '
        f'clear : "{clear}"; }} pin (CK, R) {{ direction : input; capacitance : 1; }} '
        f"pin (D) {{ direction : input; capacitance : 1; }} {pins} }} "
    )


def test_flip_flops_with_an_inverted_output_are_found(own, tmp_path):
    assert own.inverter == library.Inverter("INV_X1", pytest.approx(2 / 3, abs=1e-3), "A", "Y")
    assert own.two_outputs == {}
    both = {"Q": "IQ", "QN": "IQN"}
    registers = (
        flip_flop("ONE", 5, {"Q": "IQ"})
        + flip_flop("TWO", 5.5, both)
        + flip_flop("LARGE", 5.6, both)
        + flip_flop("STRONG", 5.7, {"Q": "IQ"})  # as large as an inverter and the next
        + flip_flop("OTHER", 5, {"Q": "IQ"}, clear="R")
        # another next state behind the same pins, and a scan input, are another flip-flop
        + flip_flop("INVERTING", 5.1, both).replace('next_state : "D"', 'next_state : "!D"')
        + flip_flop("SCAN", 5.2, both).replace(
            "pin (D)", "pin (SI) { direction : input; } pin (SE) { direction : input; } pin (D)"
        )
        # the same written another way
        + flip_flop("WRITTEN", 5, {"Q": "(IQ)"}, clear="(R)'")
    )
    text = own.text
    path = tmp_path / "both.lib"
    path.write_text(text[: text.rindex("}")] + registers + "}")
    two = library.TwoOutputs("TWO", "Q", "QN")
    large = library.TwoOutputs("LARGE", "Q", "QN")
    assert {
        name: both
        for name, both in library.load(path).two_outputs.items()
        if name not in ("INVERTING", "SCAN")  # which have both themselves
    } == {"ONE": two, "TWO": two, "LARGE": large, "WRITTEN": two}


def small(*, nand: str = "!(A*B)", head: str = "", more: str = "", quote: str = "") -> str:
    """A library of a NAND, an inverter, a buffer and a flip-flop."""

    def gate(name: str, area: float, function: str, pins: str) -> str:
        inputs = "".join(
            f"pin ({quote}{pin}{quote}) {{ direction : {quote}input{quote}; capacitance : 2; }} "
            for pin in pins
        )
        return (
            f"cell ({quote}{name}{quote}) {{ area : {area}; {inputs} "
            f'pin (Y) {{ direction : output; function : "{function}"; }} }} '
        )

    return (
        f"library ({quote}tiny{quote}) {{ {head or 'capacitive_load_unit (1, ff);'} "
        f"{gate('BUF', 3, '(A)', 'A')} {gate('INV', 2, nand_free_inverter(nand), 'A')} "
        f"{gate('NAND', 4, nand, 'AB')} {flip_flop('FF', 9, {'Q': 'IQ'})} {more} }}"
    )


def nand_free_inverter(nand: str) -> str:
    """An inverter in the manner of a NAND."""
    return "A'" if "'" in nand else "(!A)"


def loaded(tmp_path, text: str) -> library.Library:
    path = tmp_path / "tiny.lib"
    path.write_text(text)
    library.load.cache_clear()
    return library.load(path)


@pytest.mark.parametrize("nand", ["!(A*B)", "(!A) | (!B)", "(A B)'", "A'+B'", "!(A & B)"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_gates_are_found_however_they_are_written(tmp_path, nand, quote):
    found = loaded(tmp_path, small(nand=nand, quote=quote))
    assert (found.name, found.nand2, found.nand2_area, found.buffer) == ("tiny", "NAND", 4, "BUF")
    assert found.inverter == library.Inverter("INV", 2, "A", "Y")
    assert found.output_load_ff == 4 * 2
    assert found.outputs["NAND"] == {"Y"}


@pytest.mark.parametrize(
    ("head", "femto"),
    [
        ("capacitive_load_unit (1, pf);", 1000),
        ('capacitive_load_unit (1, "ff");', 1),
        ("capacitive_load_unit (0.1, pF);", 100),
        ("delay_model : table_lookup;", 1000),
    ],
)
def test_loads_are_in_femtofarads(tmp_path, head, femto):
    assert loaded(tmp_path, small(head=head)).output_load_ff == pytest.approx(4 * 2 * femto)


def test_what_looks_like_a_gate_and_is_none(tmp_path):
    def like(name, function, attributes="", pins="pin (A) { direction : input; }", output=""):
        return (
            f"cell ({name}) {{ area : 0.5; {attributes} {pins} pin (Y) {{ direction : output; "
            f'function : "{function}"; {output} }} }} '
        )

    more = (
        like("UNUSED", "!A", "dont_use : true;")
        + like("SHIFTER", "A", "is_level_shifter : true;")
        + like("PLAIN", "A", "area_is : 7; is_level_shifter : false; dont_use : true;")
        + like("QUOTED", "!A", 'dont_use : "true";')
        + like("TRISTATE", "A", output='three_state : "1";')
        + like("STATE", "IQ", 'latch (IQ, IQN) { enable : "A"; data_in : "A"; }')
        + "cell (TWO) { area : 0.5; pin (A) { direction : input; } "
        'pin (Y, Z) { direction : output; function : "A"; } } '
        + "cell (FILL) { area : 0.5; } "
        + "cell (BANK) { area : 0.5; ff_bank (IQ, IQN, 2) { clocked_on : C; next_state : D; } "
        "bundle (Q) { members (Q0, Q1); direction : output; pin (Q0) { direction : output; } "
        "pin (Q1) { direction : output; } } } "
    )
    found = loaded(tmp_path, small(more=more))
    assert (found.buffer, found.inverter.cell) == ("BUF", "INV")
    assert found.dont_use == ("SHIFTER",)
    assert found.outputs["TWO"] == {"Y", "Z"}
    assert found.outputs["BANK"] == {"Q0", "Q1"}
    assert found.flip_flops == {"FF", "BANK"}


def clock_gate(name: str, kind: str, area: float, test: str = "") -> str:
    pins = {"E": "enable", "C": "clock", "G": "out"} | ({test: "test"} if test else {})
    text = "".join(
        f"pin ({pin}) {{ direction : {'output' if pin == 'G' else 'input'}; "
        f'clock_gate_{role}_pin : "true"; }} '
        for pin, role in pins.items()
    )
    return f'cell ({name}) {{ area : {area}; clock_gating_integrated_cell : "{kind}"; {text} }} '


def test_the_smallest_clock_gate_for_rising_edges_is_taken(tmp_path):
    assert loaded(tmp_path, small()).clock_gate is None
    more = (
        clock_gate("FALLING", "latch_negedge", 1)
        + clock_gate("TESTED", "latch_posedge_precontrol", 12, "SE")
        + clock_gate("LARGE", "latch_posedge", 13)
        + "cell (NAMELESS) { area : 2; clock_gating_integrated_cell : latch_posedge; } "
    )
    want = library.ClockGate("TESTED", "E", "C", "G", ("SE",))
    assert loaded(tmp_path, small(more=more)).clock_gate == want


def test_a_library_may_be_packed_or_in_several_files(tmp_path):
    whole = small(more=clock_gate("GATE", "latch_posedge", 5))
    packed = tmp_path / "whole.lib.gz"
    packed.write_bytes(gzip.compress(whole.encode()))
    found = library.load(packed)
    assert found.text == whole
    cut = whole.index("cell (NAND)")
    (tmp_path / "a.lib").write_text(whole[:cut] + "}")
    (tmp_path / "b.lib").write_text(
        'library (other) { /* { */ capacitive_load_unit (1,"ff") ; define ("x", "cell", "string"); '
        + whole[cut:]
    )
    parts = library.load(tmp_path / "a.lib", tmp_path / "b.lib")
    assert (parts.name, parts.nand2, parts.output_load_ff) == ("tiny", "NAND", 8)
    assert parts.outputs == found.outputs
    assert parts.text.count("capacitive_load_unit") == 1


def test_parts_that_do_not_fit_are_refused(tmp_path):
    a, b, packed = (tmp_path / name for name in ("a.lib", "b.lib", "c.lib.gz"))
    a.write_text(small())
    b.write_text(small(head="capacitive_load_unit (1, pf);"))
    with pytest.raises(ValueError, match=r"^units of b\.lib must be those of a\.lib$"):
        library.load(a, b)
    packed.write_bytes(gzip.compress(small().encode())[:60])
    with pytest.raises(ValueError, match=r"^c\.lib\.gz must be packed whole: "):
        library.load(packed)


@pytest.mark.parametrize(
    ("without", "message"), [("BUF", "a buffer"), ("FF", "a flip-flop"), ("NAND", "a cell of func")]
)
def test_a_library_that_lacks_a_cell_is_refused(tmp_path, without, message):
    text = small()
    start = text.index(f"cell ({without})")
    depth_end = text.find("cell (", start + 1)
    text = text[:start] + (text[depth_end:] if depth_end > 0 else "}")
    with pytest.raises(ValueError, match=rf"^tiny\.lib must have {message}"):
        loaded(tmp_path, text)


# File, NAND2 and its area, buffer, inverter, clock gate, number of flip-flops
PROCESSES = {
    "sg13g2_stdcell_typ_1p20V_25C.lib": ("sg13g2_nand2_1", 7.2576, "sg13g2_buf_1", 9),
    "sg13g2_stdcell_slow_1p08V_125C.lib": ("sg13g2_nand2_1", 7.2576, "sg13g2_buf_1", 9),
    "sky130hd_tt.lib.gz": ("sky130_fd_sc_hd__nand2_1", 3.7536, "sky130_fd_sc_hd__buf_1", 45),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_real_libraries_are_read(name):
    path = PDK / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the checkout")
    found = library.load(path)
    assert (found.nand2, found.nand2_area, found.buffer, len(found.flip_flops)) == PROCESSES[name]
    assert found.clock_gate
    assert 5 < found.output_load_ff < 20
    assert all("lpflow" not in cell for cell in (found.buffer, found.inverter.cell))
