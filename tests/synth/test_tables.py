"""Figures as tables."""

import dataclasses

from synth import tables
from synth.figures import Block


def test_summary_takes_the_smallest_and_the_fastest_netlist(core):
    row = tables.summary(core, 3.6)
    assert (row.area_ge, row.period_ns, row.fastest_ge, row.logic_depth) == (100, 3.0, 150, 10)
    assert row.path == "a[2] → y_tdata[0]"
    assert row.in_period_ge == 150
    assert tables.summary(core, 7.0).in_period_ge == 100
    assert tables.summary(core, 1.0).in_period_ge is None


def test_without_opensta_abc_says_which_is_fastest(core):
    untimed = {name: dataclasses.replace(n, timing=None) for name, n in core.netlists.items()}
    row = tables.summary(dataclasses.replace(core, netlists=untimed), 3.6)
    assert (row.abc_ns, row.period_ns, row.in_period_ge) == (1.5, None, None)


def test_ports_have_their_slowest_way_through(core):
    lines = tables.ports_markdown({"8/8/16": {"encoder": core}}).splitlines()
    assert lines[2:] == [
        "| 8/8/16 | encoder | `x_tdata` | input | 2.25 | 1.50 | `y_tdata` |",
        "| 8/8/16 | encoder | `x_tvalid` | input | 0.50 | 1.75 | `y_tdata` |",
        "| 8/8/16 | encoder | `y_tdata` | output | 3.00 | 1.75 | `x_tvalid` |",
    ]


def test_parts_stand_with_their_like_and_with_the_memories(core):
    blocks = {
        "core": Block(40.4, 7),
        "dot_lane_0": Block(10.0, 1),
        "dot_lane_1": Block(12.5, 1),
        "crc32": Block(50.0, 32),
    }
    made = dataclasses.replace(core, blocks=blocks, memory_bits=4096)
    assert tables.parts_markdown({"dct4": {"encoder": made}}).splitlines()[2:] == [
        "| dct4 | encoder | crc32 | 50 | 32 |",
        "| dct4 | encoder | core | 40 | 7 |",
        "| dct4 | encoder | 2 x dot_lane | 22 | 2 |",
        "| dct4 | encoder | memories, bits | 4096 | |",
    ]


def test_bits_of_memories_have_a_column_where_there_are_any(core):
    held = {"a": {"encoder": core}, "b": {"encoder": dataclasses.replace(core, memory_bits=4096)}}
    heading, _, *lines = tables.asic_markdown(held, 3.6).splitlines()
    assert "| flip-flops | memory bits | GE in 3.6 ns |" in heading
    assert lines[0].startswith("| a | encoder | 100 | 8 | 0 | 150 |")
    assert lines[1].startswith("| b | encoder | 100 | 8 | 4096 | 150 |")
    heading, rule, *lines = tables.corners_markdown({"typ": (held, 3.6)}).splitlines()
    assert heading.count("|") == rule.count("|") == lines[0].count("|")
    assert lines[1].startswith("| b | encoder | 100 | 8 | 4096 | 3.00 |")
    (one,) = tables.corners_markdown({"typ": ({"a": held["a"]}, 3.6), "slow": ({}, 3.6)}).split(
        "\n"
    )[2:]
    assert one == "| a | encoder | 100 | 8 | 3.00 | 150 | 150 | - | - | - |"
    assert "memory" not in tables.asic_markdown({"a": held["a"]}, 3.6)


def test_a_core_that_does_not_fit_has_no_clock():
    found = {"luts": 9000, "flip_flops": 20, "fmax_mhz": {}, "lacks": "ICESTORM_LC"}
    line = tables.fpga_markdown({"a": {"encoder": {"iCE40": found}}}).splitlines()[2]
    assert line == "| a | encoder | iCE40 | 9000 | 20 | does not fit |"


def test_block_rams_have_a_column_where_there_are_any():
    plain = {"luts": 100, "flip_flops": 20, "fmax_mhz": {"1": 90.0, "2": 95.4, "3": 99.0}}
    one = {"a": {"encoder": {"ECP5": plain}}}
    heading, _, line = tables.fpga_markdown(one).splitlines()
    assert heading == "| configuration | core | device | LUT4 | flip-flops | Fmax MHz (range) |"
    assert line == "| a | encoder | ECP5 | 100 | 20 | 95 (90-99) |"
    both = one | {"b": {"decoder": {"ECP5": plain | {"block_rams": 2, "multipliers": 0}}}}
    heading, _, *lines = tables.fpga_markdown(both).splitlines()
    assert "flip-flops | block RAM | Fmax" in heading
    assert lines == [
        "| a | encoder | ECP5 | 100 | 20 | 0 | 95 (90-99) |",
        "| b | decoder | ECP5 | 100 | 20 | 2 | 95 (90-99) |",
    ]
