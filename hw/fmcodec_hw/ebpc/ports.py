"""What the ports of both EBPC cores have in common (doc/format.md names the streams)."""

from fmcodec.ebpc import Params

__all__ = ["checked_word_bits", "keep_bits"]


def checked_word_bits(params: Params) -> int:
    """Bits of a data word.

    Raises:
        ValueError: the cores are not built for that width.
    """
    if params.word_bits not in (8, 16, 32):
        raise ValueError(f"word_bits must be 8, 16 or 32 in the cores, not {params.word_bits!r}")
    return params.word_bits


def keep_bits(params: Params) -> int:
    """Bits of tkeep at the BPC port, one per byte; none where a beat is one word."""
    return params.port_words * params.word_bits // 8 if params.port_words > 1 else 0
