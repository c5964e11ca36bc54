"""AXI4-Stream beats as Amaranth stream payloads.

A beat is a struct of `data`, `last` and, where the port has them, `keep` and `user`; the exported
Verilog names its fields tdata, tlast, tkeep and tuser. Rules kept by every core: a valid beat stays
unchanged until it is taken, and valid never depends combinationally on ready of any port.
"""

from amaranth.lib import data, stream

__all__ = ["signature"]


def signature(data_bits: int, *, keep_bits: int = 0, user: int = 0) -> stream.Signature:
    """Signature of a packet stream: `data_bits` of data and `last`, optionally `keep` and `user`.

    `keep_bits` is the number of lanes of `data` (0: the port has no keep; every lane counts),
    `user` the width of user (0: the port has none).
    """
    fields = {"data": data_bits}
    if keep_bits:
        fields["keep"] = keep_bits
    fields["last"] = 1
    if user:
        fields["user"] = int(user)
    return stream.Signature(data.StructLayout(fields))
