"""What the EBPC encoder and decoder are both: a configuration that can be built."""

from collections.abc import Mapping

from amaranth.lib import wiring

from fmcodec.ebpc import Params

__all__ = ["Core"]


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
