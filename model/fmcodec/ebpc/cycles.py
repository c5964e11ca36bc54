"""The one bound of the cycles that the cores take (doc/architecture.md, "The bound").

A packet takes a cycle for each of its zeros; for each of its blocks a cycle a step or, where that
is more, the time that its bits take at the BPC port; and once the way of a block through the core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fmcodec.ebpc.params import Params
from fmcodec.lazy import LazyModule
from fmcodec.words import Words, check_words

if TYPE_CHECKING:
    from fmcodec.ebpc.fast import PacketFacts

__all__ = ["bound", "bounds", "guaranteed_words_per_cycle", "overhead"]

fast = LazyModule("fmcodec.ebpc.fast")

# Beats of the port that a block may lose, for it idles while a neighbour's symbols are short
_LOST_BEATS = 2


def bound(params: Params, words: Words, *, compact: bool = False) -> int:
    """Cycles that either core takes at most for the packet `words`, everything included.

    They count from the cycle in which its first beat is offered, or where packets follow one
    another from the end of the packet before, to the one in which its last beat leaves; sinks are
    always ready and sources never pause. A zero more is one cycle more, wherever it stands.

    Parameters:
        params: the configuration of the cores.
        words: as `Params.encode` takes them, and so are errors.
        compact: of the compact cores.
    """
    words = check_words(params.word_bits, words)
    facts = fast.packet_facts(params, words, np.array([0, len(words)]))
    return int(bounds(params, facts, compact=compact)[0])


def bounds(params: Params, facts: PacketFacts, *, compact: bool = False) -> npt.NDArray[np.int64]:
    """`bound` of every packet of `fast.packet_facts`."""
    cycles = _block_cycles(params, facts.block_bits, compact)
    blocks = np.add.reduceat(cycles, facts.block_bounds[:-1])
    return facts.zeros + np.ceil(blocks).astype(np.int64) + overhead(params)


def guaranteed_words_per_cycle(params: Params, *, compact: bool = False) -> float:
    """Words per cycle that the cores keep on any data, start-up and flush left out.

    What `bound` allows for a packet of the longest blocks, none of whose words is zero.
    """
    worst = _block_cycles(params, np.array([params.max_block_bits]), compact)
    return params.block_words / float(worst[0])


def overhead(params: Params) -> int:
    """Cycles of a packet beyond those of its zeros and blocks: one block's way through the core.

    The steps in which nothing leaves or nothing enters, and where symbols are longer than a beat
    what the queue of a core may hold of them at the end.
    """
    port_bits = params.port_words * params.word_bits
    held = (params.word_bits - 2) * max(params.max_symbol_bits - port_bits, 0)
    return max(params.word_bits, params.block_words) + 4 + -(-held // port_bits)


def _block_cycles(
    params: Params, bits: npt.NDArray[np.int64], compact: bool
) -> npt.NDArray[np.floating]:
    """Cycles of blocks of so many BPC bits, zeros left out."""
    steps = max(params.word_bits, params.block_words)
    port_bits, symbol_bits = params.port_words * params.word_bits, params.max_symbol_bits
    if compact:
        # Two codes find no step, and each code waits for itself: longer by a share of its bits at
        # most, (code - port) / port <= code (1 / port - 1 / symbol) where code <= symbol
        share = max(1 / port_bits - 1 / symbol_bits, 0)
        return steps + 2 + (bits - params.word_bits) * share
    most = np.minimum(bits + _LOST_BEATS * port_bits, params.max_block_bits)
    return np.maximum(steps, most / port_bits)
