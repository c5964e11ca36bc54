"""Figures as tables."""

import dataclasses

from synth import tables


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
