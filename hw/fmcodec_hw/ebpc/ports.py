"""What the ports of both EBPC cores have in common (doc/format.md names the streams)."""

from fmcodec.ebpc import Params

__all__ = ["keep_bits"]


def keep_bits(params: Params) -> int:
    """Bits of tkeep at the BPC port, one per byte; none where a beat is one word."""
    return params.port_words * params.word_bits // 8 if params.port_words > 1 else 0
