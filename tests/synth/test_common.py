"""What the commands share."""

import pytest

from fmcodec.ebpc import Params
from synth.common import change, chosen


def test_configurations_are_the_catalogues():
    [(config, core)] = chosen(["ebpc 8/8/16p2"], ["decoder"], "asic")
    assert (config.params, core) == (Params(8, 8, 16, 2), "decoder")
    assert {core for _, core in chosen([], [], "asic")} == {"encoder", "decoder"}
    assert len(chosen([], [], "asic")) > len(chosen([], [], "fpga")) > 0
    for config, core in chosen([], [], "asic"):
        assert core in config.cores
        assert "asic" in config.figures
    with pytest.raises(ValueError, match=r"^config must be one of ebpc 8/8/16, .*, not '8/8/9'$"):
        chosen(["8/8/9"], [], "asic")


def test_changes_have_arrows():
    assert change(10.0, None, 0) == "10"
    assert change(10.0, 10.04, 1) == "10.0"
    assert change(9.0, 10.0, 0) == "9 [green]▼1[/green]"
    assert change(11.0, 10.0, 1) == "11.0 [red]▲1.0[/red]"
    assert change(11.0, 10.0, 0, less=False) == "11 [green]▲1[/green]"
    assert change(None, 10.0, 0) == "-"
