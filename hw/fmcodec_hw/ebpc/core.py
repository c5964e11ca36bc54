"""What the EBPC encoder and decoder are both: a configuration, and a bound of their cycles."""

from collections.abc import Mapping

from amaranth.lib import wiring

from fmcodec.ebpc import Params
from fmcodec.words import Words

__all__ = ["Core", "block_cycles"]


def block_cycles(params: Params, words: Words, compact: bool) -> float:
    """Cycles that a core takes at most for the blocks of the packet `words`.

    `Params.max_cycles`. Compact: two cycles a block more and, where a symbol can be longer than a
    beat, the time of all beats: the core's few bits of queue do not even them out.
    """
    cycles = params.max_cycles(words)
    if compact:
        costs = params.block_costs(words)
        cycles += 2 * len(costs)
        port_bits = params.port_words * params.word_bits
        if params.max_symbol_bits > port_bits:
            cycles += sum(cost.bits for cost in costs) / port_bits
    return cycles


class Core(wiring.Component):
    """An EBPC core of a configuration, the default or the `compact` one.

    Raises:
        ValueError: `word_bits` is not 8, 16 or 32.
    """

    def __init__(self, params: Params, compact: bool, members: Mapping[str, wiring.Member]):
        if params.word_bits not in (8, 16, 32):
            rule = "word_bits must be 8, 16 or 32 in the cores"
            raise ValueError(f"{rule}, not {params.word_bits!r}")
        self.params, self.compact = params, compact
        super().__init__(members)

    @staticmethod
    def max_overhead_cycles(params: Params) -> int:
        """Cycles beyond its blocks' that a packet may take: one block's way through the core."""
        return 2 * params.block_words + params.drain_cycles + 8

    def max_cycles(self, words: Words) -> float:
        """Cycles that the packet `words` takes at most where sinks and sources never pause.

        `block_cycles` + `max_overhead_cycles`.
        """
        blocks = block_cycles(self.params, words, self.compact)
        return blocks + self.max_overhead_cycles(self.params)
