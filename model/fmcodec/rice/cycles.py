"""How long the cores take for a packet."""

from __future__ import annotations

import numpy as np

from fmcodec.rice import fast
from fmcodec.rice.fast import START_CYCLES
from fmcodec.rice.formats import StreamParams
from fmcodec.words import Words, check_words

__all__ = ["START_CYCLES", "bound"]


def bound(params: StreamParams, words: Words, port_words: int) -> int:
    """Cycles within which a core takes and gives the packet `words`, every sink and source ready.

    From the first word or beat to the last one. A cycle codes one word and moves one beat of the
    code port, so a code takes as many cycles as it has words or, where that is more, as beats end
    in it: with port_words >= 2 and m >= 8 that is one cycle per word. `START_CYCLES` come on top.

    Args:
        params: of the stream.
        words: the packet; what `Params.encode` takes, and its errors.
        port_words: words in a beat of the code port.
    """
    words = check_words(params.word_bits, words)
    whole = np.array([0, len(words)])
    return int(fast.packet_cycles(params, words, whole, np.array([0]), (port_words,))[0])
