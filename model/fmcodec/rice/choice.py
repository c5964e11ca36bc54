"""Which flags suit given packets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from fmcodec.lazy import LazyModule
from fmcodec.rice.params import Params
from fmcodec.words import Words

__all__ = ["best_params", "flag_sets"]

fast = LazyModule("fmcodec.rice.fast")


def flag_sets(
    signed: bool | None = None, delta: bool | None = None, sign_last: bool | None = None
) -> Iterator[dict[str, bool]]:
    """All flags in which those that are given have their value: keywords of `Params`."""
    given = {"signed": signed, "delta": delta, "sign_last": sign_last}
    values = [(True, False) if value is None else (value,) for value in given.values()]
    for flags in product(*values):
        yield dict(zip(given, flags, strict=True))


def best_params(
    packets: Words | Sequence[Words],
    word_bits: int = 8,
    *,
    signed: bool | None = None,
    delta: bool | None = None,
    sign_last: bool | None = None,
    port_words: int = 1,
) -> Params:
    """The flags with which `packets` take the fewest bits all together.

    Args:
        packets: words of shape (N,), or a sequence of such: a layer's maps of several inputs, say.
        word_bits: bits of a word, 4..32.
        signed, delta, sign_last: a flag that is already decided; None tries both.
        port_words: for the `Params` alone; no size depends on it.

    Raises TypeError or ValueError for what is no packet of words, or no packet at all.
    """
    maps = [packets] if hasattr(packets, "dtype") else list(packets)
    if not maps:
        raise ValueError("packets must hold at least one packet, not 0")
    choices = [
        Params(word_bits, **flags, port_words=port_words)
        for flags in flag_sets(signed, delta, sign_last)
    ]
    return min(choices, key=lambda params: sum(fast.encoded_bits(params, words) for words in maps))
