"""What the ports of both Rice cores have in common (doc/format.md names the stream)."""

from amaranth.lib import stream

from fmcodec.rice import Params
from fmcodec_hw import axis

__all__ = ["HEADER_BITS", "code_signature"]

HEADER_BITS = 3  # signed, delta, sign last


def code_signature(params: Params) -> stream.Signature:
    """Signature of the code port: beats of `port_words` words, a bit of keep per byte."""
    port_bits = params.port_words * params.word_bits
    return axis.signature(port_bits, keep_bits=port_bits // 8 if params.port_words > 1 else 0)
