"""What the ports of both EBPC cores have in common (doc/format.md names the streams)."""

from fmcodec.ebpc import Params

__all__ = ["keep_bits", "loop_fifo_beats"]


def keep_bits(params: Params) -> int:
    """Bits of tkeep at the BPC port, one per byte; none where a beat is one word."""
    return params.port_words * params.word_bits // 8 if params.port_words > 1 else 0


def loop_fifo_beats(params: Params, num_words: int) -> int:
    """Beats of a FIFO on ZNZ with which encoder and decoder can be wired port to port.

    The decoder gives a word when all planes of its block are read, and the encoder sends them while
    the words of the next block come in: up to 2n non-zero words, and those in registers on the way,
    are ahead of the decoder. Their ZNZ symbols must have left the encoder meanwhile: a bit each and
    the length of a run before each, 2 + log2 z bits; and as many full runs as a packet of
    `num_words` words can have among them, 1 + log2 z bits for z words.
    """
    ahead = 3 * params.block_words * (2 + params.zero_run_bits)
    runs = -(-num_words // params.max_zero_run) * (1 + params.zero_run_bits)
    return -(-(ahead + runs) // params.word_bits)
