"""Reading a context: its sections one after another, and everything that can be wrong with it."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc.params import WORD_BITS
from fmcodec_hw import axis
from fmcodec_hw.fmtc import context_checks
from fmcodec_hw.fmtc.context_fields import (
    Build,
    entry_layout,
    length_layout,
    mean_layout,
    pair_write,
)
from fmcodec_hw.fmtc.crc32 import Crc32
from fmcodec_hw.fmtc.kraft_sum import KraftSum

__all__ = ["ContextReader"]

_STEP_BITS = 4  # a word in eight steps, a code length in one
_HEADER_WORDS = 5


class Section(enum.Enum):
    """Sections of a context in the order of its words."""

    HEADER = 0
    BOUNDARIES = 1
    PAIRS = 2
    LENGTHS = 3
    ROWS = 4
    CRC = 5


class ContextReader(wiring.Component):
    """Take contexts from their port, keep what goes into registers, hand on what goes elsewhere.

    A word takes eight cycles, and those that `ready` costs. After the first fault the rest of the
    context is taken and passed over. Numbers that are written may be of a context that is refused
    in the end: what they are written to must not be in use.

    Parameters:
        build: the core.

    Members:
        words: contexts, `last` with the CRC. `words.ready` does not depend on other ports but
            `ready`.
        fields: `Build.layout`: the numbers read so far; all of the last context after `accepted`.
        starts: the first word of a context is here; `fields` begin to change.
        active: a context has begun and is not over.
        accepted, refused: it is over, in this cycle, and sound or not.
        pair: with `has_each`: valid, `index`, and the pair s, M of that component.
        length: with `has_huffman`: valid, `table`, `symbol` and its code `length`; symbols go in
            order, end of vector last, with `last`. Taken where `ready`.
        mean, entry: with `has_matrix`: valid, `row`, bias or offset; valid, `row`, `column` and
            `value`, an entry of the matrix, row after row, `ends` with the last of each.
    """

    def __init__(self, build: Build):
        self.build = build
        members = {
            "words": In(axis.signature(WORD_BITS)),
            "fields": Out(build.layout),
            "starts": Out(1),
            "active": Out(1),
            "accepted": Out(1),
            "refused": Out(1),
        }
        super().__init__(members | write_ports(build))

    def elaborate(self, platform):
        # The port holds a word for its eight steps, so the word needs no register: checks look at
        # the whole of it in the last step. `index` counts the parts of a section, whichever it is
        m = Module()
        build = self.build
        word = self.words.payload.data
        self._step = step = Signal(3)
        self._section = section = Signal(Section)
        self._index = index = Signal(max(build.index_bits, 3))
        self._groups = Signal(3)
        go, ends, over, part_ends = Signal(), Signal(), Signal(), Signal()
        fault, wrong = Signal(), Signal()
        m.d.comb += [
            go.eq(self.words.valid & (self.ready if build.has_huffman else 1)),
            ends.eq(go & step.all()),
            self.words.ready.eq(step.all() & (self.ready if build.has_huffman else 1)),
            over.eq(ends & self.words.payload.last),
            self.starts.eq(go & ~self.active),
            part_ends.eq(1),
        ]
        with m.If(go):
            m.d.sync += [
                step.eq(step + 1),
                self.active.eq(~over),
                fault.eq((fault | wrong) & ~over),
            ]
        m.d.comb += [
            self.accepted.eq(over & ~fault & ~wrong),
            self.refused.eq(over & (fault | wrong)),
        ]

        m.submodules.crc = crc = Crc32(_STEP_BITS)
        in_crc = section == Section.CRC
        m.d.comb += [
            crc.data.eq(word.word_select(step, _STEP_BITS)),
            crc.step.eq(go),
            crc.compare.eq(in_crc),
            crc.clear.eq(over),
        ]
        wrongs = [in_crc & ~crc.matches, ends & (self.words.payload.last ^ in_crc)]
        wrongs += self._header(m, ends)
        wrongs += self._numbers(m, ends)
        if build.has_huffman:
            wrongs += self._lengths(m, go, fault, part_ends)
        if build.has_matrix:
            wrongs += self._rows(m, go, ends, part_ends)
        m.d.comb += wrong.eq(Cat(wrongs).any())

        last, following = self._walk(m)
        with m.If(ends & part_ends):
            m.d.sync += index.eq(Mux(last, 0, index + 1))
            with m.If(last):
                m.d.sync += section.eq(following)
        with m.If(over):
            m.d.sync += [section.eq(Section.HEADER), index.eq(0)]
        return m

    def _header(self, m: Module, ends: Value) -> list[Value]:
        """The five words that every context begins with."""
        build, word, fields = self.build, self.words.payload.data, self.fields
        checks = context_checks.header(build, word, fields)
        wrongs = []
        for i in range(_HEADER_WORDS):
            here = Signal(name=f"header_{i}")
            m.d.comb += here.eq(ends & (self._section == Section.HEADER) & (self._index == i))
            wrongs.append(here & checks[i])
            with m.If(here):
                m.d.sync += [
                    getattr(fields, name).eq(value)
                    for name, value in context_checks.held(build, i, word).items()
                ]
                if i == 1:
                    m.d.sync += self._groups.eq(word[23:26])
                if i == 3 and build.pairs:
                    m.d.sync += fields.pairs[0].eq(Cat(word[:7], word[12:16]))
        return wrongs

    def _numbers(self, m: Module, ends: Value) -> list[Value]:
        """Boundaries, and pairs s, M."""
        build, word, fields = self.build, self.words.payload.data, self.fields
        wrongs = []
        if build.params.tables > 1:
            # the latest one is the first, so that it is the one to be above
            here = Signal(name="boundary")
            boundaries = fields.boundaries
            count = len(boundaries)
            m.d.comb += here.eq(ends & (self._section == Section.BOUNDARIES))
            wrongs.append(
                here & context_checks.boundary(build, word, boundaries[0], self._last_component)
            )
            with m.If(self.starts):
                m.d.sync += boundaries.eq(0)
            with m.If(here):
                m.d.sync += boundaries[0].eq(word)
                m.d.sync += [boundaries[i].eq(boundaries[i - 1]) for i in range(1, count)]
        if build.pairs:
            here = Signal(name="pair_here")
            m.d.comb += here.eq(ends & (self._section == Section.PAIRS))
            wrongs.append(here & (word[16:].any() | context_checks.pair(word)))
            pair = Cat(word[:7], word[12:16])
            if build.has_each:
                m.d.comb += [
                    self.pair.valid.eq(here),
                    self.pair.index.eq(self._index),
                    self.pair.pair.eq(pair),
                ]
            else:
                for i in (1, 2):
                    with m.If(here & (self._index == i - 1)):
                        m.d.sync += fields.pairs[i].eq(pair)
        return wrongs

    def _lengths(self, m: Module, go: Value, fault: Value, part_ends: Signal) -> list[Value]:
        """Code lengths, one a step, the upper bits of a word first."""
        build, word, step = self.build, self.words.payload.data, self._step
        m.submodules.kraft = kraft = KraftSum(build.params.max_code_bits)
        words, last_symbol, symbol = Signal(5), Signal(8), Signal(8)
        here, is_code, is_last = Signal(), Signal(), Signal()
        length = word.word_select(~step, 4)
        fields = self.fields
        q_max = fields.q_max if build.is_decoder else fields.zero_point + fields.span
        m.d.comb += [
            last_symbol.eq(q_max + 1),
            symbol.eq(Cat(step, words)),
            here.eq(go & (self._section == Section.LENGTHS)),
            is_code.eq(symbol <= last_symbol),
            is_last.eq(symbol == last_symbol),
            kraft.length.eq(length),
            kraft.add.eq(here & is_code),
            kraft.clear.eq(~symbol.any()),
            self.length.valid.eq(
                self.words.valid & (self._section == Section.LENGTHS) & is_code & ~fault
            ),
            self.length.table.eq(self._index),
            self.length.symbol.eq(symbol),
            self.length.length.eq(length),
            self.length.last.eq(is_last),
        ]
        table_ends = words == last_symbol[3:]
        with m.If(here & step.all()):
            m.d.sync += words.eq(Mux(table_ends | self.words.payload.last, 0, words + 1))
        with m.If(self._section == Section.LENGTHS):
            m.d.comb += part_ends.eq(table_ends)
        bad = Mux(is_code, kraft.wrong | (is_last & ~kraft.complete), length.any())
        return [here & bad]

    def _rows(self, m: Module, go: Value, ends: Value, part_ends: Signal) -> list[Value]:
        """Rows of the matrix, each behind its bias or offset: an entry every other step."""
        build, word, step = self.build, self.words.payload.data, self._step
        bits = build.params.matrix_bits
        per_word = WORD_BITS // bits
        column, in_row, full = Signal(build.index_bits), Signal(), Signal()
        here, in_rows = Signal(), self._section == Section.ROWS
        value = Signal(bits)
        entries = [word[WORD_BITS - (i + 1) * bits :][:bits] for i in range(per_word)]
        with m.Switch(step[1:]):
            for i, entry in enumerate(entries):
                with m.Case(i):
                    m.d.comb += value.eq(entry)
        is_entry = in_row & step[0] & (step[1:] < per_word)
        last_column = self._last_component if build.is_decoder else build.params.channels - 1
        completes = is_entry & (column == last_column)
        m.d.comb += [
            here.eq(go & in_rows),
            self.mean.valid.eq(ends & in_rows & ~in_row),
            self.mean.row.eq(self._index),
            self.mean.value.eq(word),
            self.entry.valid.eq(here & is_entry & ~full),
            self.entry.row.eq(self._index),
            self.entry.column.eq(column),
            self.entry.ends.eq(completes),
            self.entry.value.eq(value),
        ]
        with m.If(self.entry.valid):
            m.d.sync += [column.eq(Mux(completes, 0, column + 1)), full.eq(completes)]
        row_ends = full | completes
        with m.If(ends & in_rows):
            m.d.sync += [in_row.eq(~row_ends), full.eq(0)]
            with m.If(~in_row):
                m.d.sync += in_row.eq(1)
        with m.If(ends & self.words.payload.last):
            m.d.sync += [in_row.eq(0), full.eq(0), column.eq(0)]
        with m.If(in_rows):
            m.d.comb += part_ends.eq(in_row & row_ends)
        wrongs = [here & is_entry & full & value.any()]
        wrongs.append(ends & in_rows & ~in_row & context_checks.wide(word))
        if spare := WORD_BITS % bits:
            wrongs.append(ends & in_rows & in_row & word[:spare].any())
        return wrongs

    @property
    def _last_component(self) -> Value:
        """K - 1."""
        build = self.build
        if build.cuts_components:
            return self.fields.last_component
        return Const(build.params.channels - 1, build.index_bits)

    def _walk(self, m: Module) -> tuple[Value, Value]:
        """Whether `index` is at the last part of the section, and which section follows."""
        build, index, groups = self.build, self._index, self._groups
        last_row = build.params.channels - 1 if build.is_decoder else self._last_component
        # section, whether a context has it, its last part; in their order
        sections: list[tuple[Any, Value, Value]] = []
        if build.params.tables > 1:
            sections.append((Section.BOUNDARIES, groups.any(), index + 1 == groups))
        if build.has_each:
            sections.append((Section.PAIRS, self.fields.each, index == self._last_component))
        elif build.pairs:
            sections.append((Section.PAIRS, Const(1), index == build.pairs - 2))
        if build.has_huffman:
            sections.append((Section.LENGTHS, Const(1), index == groups))
        if build.has_matrix:
            sections.append((Section.ROWS, Const(1), index == last_row))
        sections.append((Section.CRC, Const(1), Const(0)))
        header: Any = (Section.HEADER, Const(1), index == _HEADER_WORDS - 1)
        last, following = Signal(name="last_part"), Signal(Section)
        with m.Switch(self._section):
            for i, (here, _, is_last) in enumerate([header, *sections]):
                with m.Case(here):
                    after: Any = Section.CRC
                    for other, present, _ in reversed(sections[i:-1]):
                        after = Mux(present, other, after)
                    m.d.comb += [last.eq(is_last), following.eq(after)]
        return last, following


def write_ports(build: Build) -> dict[str, wiring.Member]:
    """Where a context's numbers go that are no registers; see `ContextReader`."""
    members = {}
    if build.has_each:
        members["pair"] = Out(pair_write(build))
    if build.has_huffman:
        members |= {"length": Out(length_layout()), "ready": In(1)}
    if build.has_matrix:
        members |= {"mean": Out(mean_layout(build)), "entry": Out(entry_layout(build))}
    return members
