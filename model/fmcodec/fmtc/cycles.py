"""The one bound of the cycles that the FMTC cores take (doc/architecture-fmtc.md, "Rate")."""

from __future__ import annotations

from collections.abc import Sequence

from fmcodec.fmtc.params import Params

__all__ = ["TILE_CYCLES", "bound", "context_cycles", "latency", "vector_cycles"]

# Cycles of a tile beyond those of its coefficients: header, choice of the context, what of the last
# code and of the CRC has no vector to hide behind
TILE_CYCLES = 10
_WAY = 4  # cycles: the registers that a coefficient passes


def vector_cycles(params: Params, components: int | None = None, *, folded: bool = False) -> int:
    """Cycles that a vector keeps either core busy at most, whatever its data.

    One a coefficient; with a matrix each of the C values, one a cycle at most, takes its K products
    P at a time in the decoder. The encoder's K C / P are no more.

    Parameters:
        params: the build.
        components: K; C by default.
        folded: of an encoder that is given coefficients.
    """
    kept = params.channels if components is None else components
    if folded:
        return kept
    if params.transform != "matrix":
        return params.channels
    return params.channels * -(-kept // params.mac_lanes)


def latency(params: Params, *, folded: bool = False) -> int:
    """Cycles of a coefficient's way through a core, once in a row of tiles.

    With dct4 a block is turned twice, with a matrix a vector has to be there whole; so has it with
    Huffman codes, before it is known where its end is.
    """
    way = _WAY + (params.channels if params.coder == "huffman" else 0)
    if folded or params.transform == "none":
        return way
    turned = 2 * params.channels if params.transform == "dct4" else vector_cycles(params)
    return way + turned


def context_cycles(params: Params, words: int) -> int:
    """Cycles that a context of so many words takes at most until it is loaded or refused.

    Parameters:
        params: the build.
        words: of the context, header and CRC included.
    """
    built = params.tables * ((params.q_max + 2) * params.max_code_bits + 4)
    return 8 * words + (built if params.coder == "huffman" else 0) + 4


def bound(
    params: Params,
    tiles: Sequence[int],
    components: int | None = None,
    *,
    folded: bool = False,
) -> int:
    """Cycles that tiles of so many vectors each take at most, one behind the other.

    They count from the cycle in which the first beat of the first tile is offered, its context
    loaded, to the one in which the last beat of the last tile leaves; no port pauses.

    Parameters:
        params: the build.
        tiles: vectors of every tile.
        components: K of the context; C by default.
        folded: of an encoder that is given coefficients.
    """
    busy = vector_cycles(params, components, folded=folded) * sum(tiles)
    return busy + TILE_CYCLES * len(tiles) + latency(params, folded=folded)
