"""The loops of `fmcodec.fmtc.fast`, compiled by numba."""

from __future__ import annotations

import numpy as np
from numpy import int64 as i64
from numpy import uint64 as u64

from fmcodec.fastbits import SLACK, jit, peek, put
from fmcodec.fmtc.reference import ESCAPE, START_K, START_R, START_Z

__all__ = [
    "dct4",
    "dequantise",
    "huffman_bits",
    "huffman_pack",
    "huffman_unpack",
    "inverse_dct4",
    "quantise",
    "rice_bits",
    "rice_pack",
    "rice_unpack",
]


@jit
def _butterfly(a, b, c, d):
    """Four values by the rows of A."""
    s, t, u, v = a + d, b + c, a - d, b - c
    return s + t, 2 * u + v, s - t, u - 2 * v


@jit
def _back(a, b, c, d):
    """Four coefficients by the columns of A."""
    s, t, u, v = a + c, a - c, 2 * b + d, b - 2 * d
    return s + u, t + v, t - v, s - u


@jit
def dct4(vectors, acc):
    """W << 5 of blocks in raster order, component 4 v + u."""
    rows = np.empty((4, 4), dtype=np.int32)
    for n in range(vectors.shape[0]):
        x = vectors[n]
        for i in range(4):
            a, b, c, d = i64(x[4 * i]), i64(x[4 * i + 1]), i64(x[4 * i + 2]), i64(x[4 * i + 3])
            rows[0, i], rows[1, i], rows[2, i], rows[3, i] = _butterfly(a, b, c, d)
        for v in range(4):
            a, b, c, d = _butterfly(rows[v, 0], rows[v, 1], rows[v, 2], rows[v, 3])
            acc[n, 4 * v] = a << 5
            acc[n, 4 * v + 1] = b << 5
            acc[n, 4 * v + 2] = c << 5
            acc[n, 4 * v + 3] = d << 5


@jit
def inverse_dct4(levels, sums):
    """r of coefficients in the order of `dct4`, weighted by V."""
    rows = np.empty((4, 4), dtype=np.int32)
    for n in range(levels.shape[0]):
        d = levels[n]
        for v in range(4):
            even, odd = (19, 12) if v & 1 else (30, 19)
            a, b = even * i64(d[4 * v]), odd * i64(d[4 * v + 1])
            c, e = even * i64(d[4 * v + 2]), odd * i64(d[4 * v + 3])
            rows[0, v], rows[1, v], rows[2, v], rows[3, v] = _back(a, b, c, e)
        for i in range(4):
            a, b, c, e = _back(rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3])
            sums[n, 4 * i] = a
            sums[n, 4 * i + 1] = b
            sums[n, 4 * i + 2] = c
            sums[n, 4 * i + 3] = e


@jit
def quantise(accumulators, shift, scale, zero_point, q_max, symbols):
    clips = 0
    for i in range(accumulators.shape[0]):
        for k in range(accumulators.shape[1]):
            acc = min(max(accumulators[i, k], np.int32(-(1 << 23))), np.int32((1 << 23) - 1))
            a = min(max(acc >> shift[k], np.int32(-(1 << 15))), np.int32((1 << 15) - 1))
            level = ((a * scale[k] + np.int32(1 << 13)) >> np.int32(14)) + np.int32(zero_point)
            symbol = min(max(level, np.int32(0)), np.int32(q_max))
            clips += symbol != level
            symbols[i, k] = symbol
    return clips


@jit
def dequantise(sums, offset, scale, shift, low, high, vectors):
    half = (1 << shift) >> 1
    most = np.int32((1 << 16) - 1)
    for i in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            r = (np.int32(sums[i, c]) << np.int32(8)) >> np.int32(8)  # modulo 2^24
            r = min(max(r, np.int32(-(1 << 16))), most)
            value = (r * np.int32(scale) + offset[c] + np.int32(half)) >> np.int32(shift)
            vectors[i, c] = min(max(value, np.int32(low)), np.int32(high))


@jit
def _used(vector, zero_point):
    """Components up to the last one that is not the zero point."""
    used = len(vector)
    while used > 0 and vector[used - 1] == zero_point:
        used -= 1
    return used


@jit
def huffman_bits(symbols, zero_point, end_before, group_of, lengths, starts, result):
    components = symbols.shape[1]
    end = lengths.shape[1] - 1
    for tile in range(len(starts) - 1):
        bits = 0
        for i in range(starts[tile], starts[tile + 1]):
            used = _used(symbols[i], zero_point)
            ends = used < end_before
            for k in range(used if ends else components):
                bits += lengths[group_of[k], symbols[i, k]]
            if ends:
                bits += lengths[group_of[used], end]
        result[tile] = bits


@jit
def huffman_pack(symbols, zero_point, end_before, group_of, codes, lengths, data):
    """Write the codes; their bits."""
    position, pending = u64(0), u64(0)
    components = symbols.shape[1]
    end = lengths.shape[1] - 1
    for i in range(symbols.shape[0]):
        used = _used(symbols[i], zero_point)
        if used >= end_before:
            used = components
        value, bits = u64(0), u64(0)  # codes that wait, fewer than 42 bits
        for k in range(min(used + 1, components)):
            table = group_of[k]
            symbol = end if k == used else i64(symbols[i, k])
            length = u64(lengths[table, symbol])
            value = value << length | u64(codes[table, symbol])
            bits += length
            if bits > u64(41):
                position, pending = put(data, position, pending, value, bits)
                value, bits = u64(0), u64(0)
        position, pending = put(data, position, pending, value, bits)
    return position


@jit
def huffman_unpack(data, group_of, tables, code_bits, zero_point, end, levels):
    """Fill `levels`; the bits taken, zeros being read after the end."""
    size = u64(8 * (len(data) - SLACK))
    drop = u64(64 - code_bits)
    position = u64(0)
    components = levels.shape[1]
    for i in range(levels.shape[0]):
        window, held = u64(0), u64(0)
        for k in range(components):
            if held < u64(code_bits):
                window = peek(data, min(position, size))
                held = u64(57)
            entry = tables[group_of[k], window >> drop]
            length = u64(entry & 15)
            window <<= length
            held -= length
            position += length
            symbol = i64(entry >> 4)
            if symbol == end:
                levels[i, k:] = 0
                break
            levels[i, k] = symbol - zero_point
    return position


# what a byte says to the Rice coder: its bits in reverse, and how many ones it begins with
_REVERSED = np.array([int(f"{byte:08b}"[::-1], 2) for byte in range(256)], dtype=np.uint8)
_ONES = np.array([8 - (byte ^ 0xFF).bit_length() for byte in range(256)], dtype=np.int64)
_K_STEP = np.array([-1, 0, 2, 2, 4], dtype=np.int64)  # by e >> k, 4 or more alike


@jit
def _reversed(value, bits):
    """The low `bits` of a byte, the first one last."""
    return u64(_REVERSED[value & 0xFF]) >> u64(8 - bits)


@jit
def _groups(count):
    """K, Z and R of every group at a tile's start."""
    return (
        np.full(count, START_K, dtype=np.int64),
        np.full(count, START_Z, dtype=np.int64),
        np.full(count, START_R, dtype=np.int64),
    )


@jit
def _after_word(K, Z, g, q):
    K[g] = min(max(K[g] + _K_STEP[min(q, 4)], 0), 31)
    Z[g] = min(Z[g] + 1, 31)


@jit
def _after_zero(Z, R, g, full):
    Z[g] = max(Z[g] - ((2 << (Z[g] >> 3)) - 1), 0)
    R[g] = min(R[g] + 1, 11) if full else max(R[g] - 1, 0)


@jit
def _run(flat, index, most, zero_point):
    """Zeros that follow `index`, counted up to `most`."""
    first = index + 1
    last = min(first + most, len(flat))
    index = first
    while index < last and flat[index] == zero_point:
        index += 1
    return index - first


@jit
def rice_bits(symbols, zero_point, group_of, groups, starts, result):
    components = symbols.shape[1]
    for tile in range(len(starts) - 1):
        flat = symbols[starts[tile] : starts[tile + 1]].reshape(-1)
        K, Z, R = _groups(groups)
        bits, index, k = i64(0), 0, 0
        direct = False
        while index < len(flat):
            g = group_of[k]
            d = i64(flat[index]) - zero_point
            slot = Z[g] >> 3
            if d == 0 and not direct:
                run_bits = R[g] >> 1
                count = _run(flat, index, 1 << run_bits, zero_point)
                index += 1 + count
                full = count == 1 << run_bits or index == len(flat)
                bits += slot + 2 + (0 if full else run_bits)
                direct = not full
                _after_zero(Z, R, g, full)
                k += 1 + count
                while k >= components:
                    k -= components
                continue
            e = 2 * d - 2 if d > 0 else -2 * d - 1
            low = K[g] >> 2
            ones = e >> low
            ones += not direct and ones >= slot
            bits += ones + 1 + low if ones < ESCAPE else ESCAPE + 8
            _after_word(K, Z, g, e >> low)
            direct = False
            index += 1
            k = k + 1 if k + 1 < components else 0
        result[tile] = bits


@jit
def rice_pack(symbols, zero_point, group_of, groups, data):
    """Write the codes; their bits."""
    position, pending = u64(0), u64(0)
    components = symbols.shape[1]
    flat = symbols.reshape(-1)
    K, Z, R = _groups(groups)
    index, k = 0, 0
    direct = False
    while index < len(flat):
        g = group_of[k]
        d = i64(flat[index]) - zero_point
        slot = Z[g] >> 3
        if d == 0 and not direct:
            run_bits = R[g] >> 1
            count = _run(flat, index, 1 << run_bits, zero_point)
            index += 1 + count
            full = count == 1 << run_bits or index == len(flat)
            value = (u64(2) << u64(slot)) - u64(2)
            if full:
                value = value << u64(1) | u64(1)
                bits = slot + 2
            else:
                value = value << u64(run_bits + 1) | _reversed(count, run_bits)
                bits = slot + 2 + run_bits
            direct = not full
            _after_zero(Z, R, g, full)
            k += 1 + count
            while k >= components:
                k -= components
        else:
            e = 2 * d - 2 if d > 0 else -2 * d - 1
            low = K[g] >> 2
            ones = e >> low
            ones += not direct and ones >= slot
            if ones < ESCAPE:
                value = ((u64(2) << u64(ones)) - u64(2)) << u64(low)
                value |= _reversed(e & ((1 << low) - 1), low)
                bits = ones + 1 + low
            else:
                value = u64(0xFF00) | _reversed(e, 8)
                bits = i64(ESCAPE + 8)
            _after_word(K, Z, g, e >> low)
            direct = False
            index += 1
            k = k + 1 if k + 1 < components else 0
        position, pending = put(data, position, pending, value, u64(bits))
    return position


@jit
def rice_unpack(data, group_of, groups, levels):
    """Fill `levels`; bits taken, and the bit of the first bad symbol and of the first bad run."""
    size = u64(8 * (len(data) - SLACK))
    position = u64(0)
    components = levels.shape[1]
    flat = levels.reshape(-1)
    K, Z, R = _groups(groups)
    bad_symbol, bad_run = i64(-1), i64(-1)
    index, k = 0, 0
    direct = False
    window, held = u64(0), i64(0)
    while index < len(flat):
        g = group_of[k]
        slot = Z[g] >> 3
        if held < 16:
            window = peek(data, min(position, size))
            held = i64(57)
        ones = _ONES[window >> u64(56)]
        after = window << u64(ones + 1)
        if ones == slot and not direct:
            full = after >> u64(63) == u64(1)
            run_bits = R[g] >> 1
            left = len(flat) - index - 1
            if full:
                count = i64(1) << run_bits
                taken = ones + 2
            else:
                count = i64(_REVERSED[after >> u64(55) & u64(0xFF)]) & ((1 << run_bits) - 1)
                taken = ones + 2 + run_bits
                if count >= left and bad_run < 0:
                    bad_run = i64(position)
            count = min(count, left)
            for i in range(index, index + 1 + count):
                flat[i] = 0
            index += 1 + count
            k += 1 + count
            while k >= components:
                k -= components
            direct = not full
            _after_zero(Z, R, g, full)
        else:
            low = K[g] >> 2
            if ones == ESCAPE:
                e, q = i64(_REVERSED[window >> u64(48) & u64(0xFF)]), i64(ESCAPE)
                taken = i64(ESCAPE + 8)
            else:
                q = ones - (1 if not direct and ones > slot else 0)
                e = (q << low | i64(_REVERSED[after >> u64(56)]) & ((1 << low) - 1)) & 0xFF
                taken = ones + 1 + low
            if e == 254 and bad_symbol < 0:
                bad_symbol = i64(position)
            d = -((e + 1) >> 1) if e & 1 else (e >> 1) + 1
            flat[index] = d if d < 128 else d - 256
            _after_word(K, Z, g, q)
            direct = False
            index += 1
            k = k + 1 if k + 1 < components else 0
        position += u64(taken)
        window <<= u64(taken)
        held -= taken
    return i64(position), bad_symbol, bad_run
