"""Products as sums of fewer terms: Booth's recoding of a factor."""

from amaranth.hdl import Cat, Const, Mux, Value

__all__ = ["booth_terms"]


def booth_terms(factor: Value, multiplier: Value) -> tuple[list[Value], int]:
    """Terms, and a constant, whose sum is the product: about half as many as `multiplier` has bits.

    For gates; an FPGA has multipliers. Two bits of the multiplier are a digit of -2..2, so that a
    term is the factor once, twice or not at all, inverted where the digit is negative; the one that
    makes it a negative number is in the free bits of the next term. No sign is extended: a sign bit
    of weight -w is its inverse of weight w and -w in the constant. Terms are unsigned.

    Args:
        factor: two's complement, n bits.
        multiplier: unsigned, m bits, m even.

    Returns:
        Terms and constant; their sum modulo 2^(n + m) is the product in two's complement.

    Raises:
        ValueError: the multiplier has an odd number of bits.
    """
    n, m = len(factor), len(multiplier)
    if m % 2:
        raise ValueError(f"multiplier must have an even number of bits, not {m}")
    factor, multiplier = factor.as_unsigned(), multiplier.as_unsigned()
    wide, twice = Cat(factor, factor[-1]), Cat(Const(0, 1), factor)
    padded = Cat(Const(0, 1), multiplier)
    terms, constant, carry = [], 0, Const(0, 0)
    for i in range(0, m, 2):
        low, middle, high = padded[i], padded[i + 1], padded[i + 2]
        once, doubled = low ^ middle, Mux(high, ~low & ~middle, low & middle)
        size = wide & once.replicate(n + 1) | twice & doubled.replicate(n + 1)
        signed = size ^ high.replicate(n + 1)
        terms.append(Cat(carry, signed[:-1], ~signed[-1]))
        constant -= 1 << n + i
        carry = Cat(Const(0, i), high, Const(0, 1))
    # the digit above the multiplier is its top bit; the term's sign falls out of the sum
    terms.append(Cat(carry, factor & padded[m].replicate(n)))
    return terms, constant
