"""What the tests of the flow share: the project's own cells, a small design, tools' absence."""

import shutil

import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from synth import cells, library
from synth.figures import Core, Netlist, Port, Timing


@pytest.fixture(scope="session")
def own(tmp_path_factory) -> library.Library:
    return library.load(cells.write(tmp_path_factory.mktemp("cells")))


@pytest.fixture
def sta() -> None:
    """Skips a test that needs OpenSTA where it is missing."""
    if shutil.which("sta") is None:
        pytest.skip("OpenSTA is not installed")


class Counter(wiring.Component):
    """Sixteen bits that count up to a limit."""

    def __init__(self):
        super().__init__({"step": In(1), "limit": In(16), "count": Out(16), "full": Out(1)})

    def elaborate(self, platform):
        m = Module()
        value = Signal(16, reset_less=True)
        m.d.comb += [self.count.eq(value), self.full.eq(value == self.limit)]
        with m.If(self.step & ~self.full):
            m.d.sync += value.eq(value + 1)
        return m


@pytest.fixture(scope="session")
def counter() -> str:
    from amaranth.back import verilog

    return verilog.convert(Counter(), name="counter", emit_src=False)


@pytest.fixture
def core() -> Core:
    """Figures of a core: a small netlist of 6 ns, a large one of 3 ns, two inputs, an output."""
    slow = Netlist(100.0, 30, 5.0, Timing(6.0, "a[0]", "b[1]", 13))
    fast = Netlist(150.0, 10, 1.5, Timing(3.0, "a[2]", "y_tdata[0]", 9))
    ports = {
        "x_tdata": Port("input", 2.25, {"y_tdata": 1.5}),
        "x_tvalid": Port("input", 0.5, {"y_tdata": 1.75}),
        "y_tdata": Port("output", 3.0),
    }
    return Core(8, {"area": slow, "fast": fast}, {}, ports)
