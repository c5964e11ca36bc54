"""The memory: what is written is read a cycle later; its Verilog, inferred and as a macro."""

import random
import re

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.ram import Ram
from fmcodec_hw.shell import AxiTop
from fmcodec_hw.verilog import memories, to_verilog
from tests.hw.simulate import clocked

SEED = 3


@pytest.mark.parametrize(("words", "bits"), [(2, 1), (5, 9), (64, 24)])
def test_reads_what_was_written(words, bits):
    rng = random.Random(SEED)
    dut = Ram(words, bits)

    async def body(ctx):
        there: dict[int, int] = {}
        shown = None
        for _ in range(40 * words):
            write, read = rng.random() < 0.5, rng.random() < 0.5
            place, value = rng.randrange(words), rng.getrandbits(bits)
            at = rng.choice(list(there)) if there else place
            read = read and at in there and not (write and at == place)
            ctx.set(dut.write_enable, write)
            ctx.set(dut.write_address, place)
            ctx.set(dut.write_data, value)
            ctx.set(dut.read_enable, read)
            ctx.set(dut.read_address, at)
            shown = there[at] if read else shown
            if write:
                there[place] = value
            await ctx.tick()
            if shown is not None:
                assert ctx.get(dut.read_data) == shown
        assert len(there) == words

    clocked(dut, body, cycles=50 * words, about=f"{words} x {bits}, seed {SEED}")


class Holder(wiring.Component):
    """A core with two memories of one size and one of another."""

    def __init__(self):
        super().__init__({"address": In(4), "data": In(8), "read": Out(8)})

    def elaborate(self, platform):
        m = Module()
        read = self.read
        for name, words, bits in (("a", 16, 8), ("b", 16, 8), ("c", 10, 3)):
            ram = Ram(words, bits)
            m.submodules[name] = ram
            m.d.comb += [
                ram.write_enable.eq(1),
                ram.read_enable.eq(1),
                ram.write_address.eq(self.address),
                ram.read_address.eq(self.address + 1),
                ram.write_data.eq(self.data),
            ]
            read = read ^ ram.read_data
        m.d.sync += self.read.eq(read)
        return m


def top(**options):
    prefixes = {name: name for name in ("address", "data", "read")}
    return AxiTop(Holder(), name="held", prefixes=prefixes, **options)


def test_inferred_memories_have_no_initial_values_and_no_check_of_collisions():
    text = to_verilog(top())
    assert "initial" not in text
    assert text.count("no_rw_check") == 3
    assert len(re.findall(r"reg \[7:0\] \w+ *\[15:0\]", text)) == 2


def test_external_memories_are_instances_of_named_modules():
    one = top(memory="external")
    text = to_verilog(one)
    assert "no_rw_check" not in text
    instances = re.findall(r"^  (held_ram_\w+) \w+ \(", text, re.MULTILINE)
    assert sorted(instances) == ["held_ram_10x3", "held_ram_16x8", "held_ram_16x8"]
    macros = memories(one)
    assert macros.counts == {"held_ram_10x3": 1, "held_ram_16x8": 2}
    modules = re.findall(r"^module (held_ram_\w+)\(", macros.models(), re.MULTILINE)
    assert modules == ["held_ram_10x3", "held_ram_16x8"]


@pytest.mark.parametrize(("words", "bits", "name"), [(1, 8, "words"), (4, 0, "bits")])
def test_sizes_that_are_too_small_are_refused(words, bits, name):
    with pytest.raises(ValueError, match=rf"^{name} must be at least "):
        Ram(words, bits)


def test_an_unknown_kind_of_memory_is_refused():
    with pytest.raises(ValueError, match=r"^memory must be inferred or external, not 'none'$"):
        top(memory="none")
