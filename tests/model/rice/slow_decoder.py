"""A decoder of Rice written from doc/format.md alone, on a string of bits: no code of the project.

It knows nothing of damage: what an encoder has written is all that it reads.
"""

from __future__ import annotations

import math


def decode(hex_words: list[str], m: int, n: int) -> list[int]:
    """The `n` words, signed, of a stream of `m`-bit words in hex."""
    bits = "".join(bin(int(word, 16))[2:].rjust(m, "0") for word in hex_words)
    signed, delta, sign_last = bits[0] == "1", bits[1] == "1", bits[2] == "1"
    bits = bits[3:]
    size = 2**m
    f = 3 if m < 8 else 2
    big_k, big_z, big_r = m * 2**f // 2, 8, 4
    words: list[int] = []
    direct = False
    while len(words) < n:
        k, z, kr = math.floor(big_k / 2**f), math.floor(big_z / 8), math.floor(big_r / 2)
        p = words[-1] if delta and words else 0
        if k == m - 1:
            e, bits = lsb_first(bits, m)
            words.append(unfold(e, p, signed, size))
            if e < size / 2:
                big_k -= 1
            continue
        if not direct and bits.startswith("1" * z + "0"):
            bits = bits[z + 1 :]
            words.append(0)
            big_z = max(big_z - (2 ** (z + 1) - 1), 0)
            if bits[0] == "1":
                words += [0] * min(2**kr, n - len(words))
                bits = bits[1:]
                big_r = min(big_r + 1, 11)
            else:
                c, bits = lsb_first(bits[1:], kr)
                words += [0] * c
                big_r = max(big_r - 1, 0)
                direct = True
            continue
        cap = min(m, 8)
        if bits.startswith("1" * cap):
            e, bits = lsb_first(bits[cap:], m)
            q = size
        else:
            ones = bits.index("0")
            q = ones - 1 if not direct and ones > z else ones
            low, bits = lsb_first(bits[ones + 1 :], k)
            e = q * 2**k + low
        words.append(e + 1 if p == 0 and not signed else unfold(e, p, signed, size))
        moves = (-1, 0, 2, 4) if m >= 8 else (-1, 1, 8, 8)
        big_k += moves[0 if q == 0 else 1 if q == 1 else 2 if q < 4 else 3]
        big_k = min(max(big_k, 0), m * 2**f - 1)
        big_z = min(big_z + 1, 31)
        direct = False
    if sign_last:
        words = [word // 2 + word % 2 * size // 2 for word in words]
    return [word - size if word >= size / 2 else word for word in words]


def lsb_first(bits: str, count: int) -> tuple[int, str]:
    return int("0" + bits[:count][::-1], 2), bits[count:]


def unfold(e: int, p: int, signed: bool, size: int) -> int:
    d = e // 2 if e % 2 == 0 else -(e + 1) // 2
    if signed:
        return (p + d) % size
    if p >= size / 2:
        return size - 1 - unfold(e, size - 1 - p, signed, size)
    return e if e > 2 * p else p + d
