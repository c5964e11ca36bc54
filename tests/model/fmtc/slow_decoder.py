"""A decoder of FMTC written from doc/format.md alone: it shares no code with fmcodec.

From the words of a decoder's context and of a tile to vectors, by strings of bits; for sound
input only.
"""

from bisect import bisect_right

A = ((1, 1, 1, 1), (2, 1, -1, -2), (1, -1, -1, 1), (1, -2, 2, -1))
V = (30, 19, 12)


def bits_of(words):
    return "".join(f"{int(word):032b}" for word in words)


def number(bits, signed=False):
    value = int(bits, 2)
    return value - (1 << len(bits)) if signed and bits[0] == "1" else value


def field(word, high, low, signed=False):
    return number(f"{int(word):032b}"[31 - high : 32 - low], signed)


def read_context(words):
    words = [int(word) for word in words]
    assert words[0] == 0x464D5402
    assert field(words[1], 31, 31) == 1
    c = {
        "transform": field(words[1], 30, 29),
        "rice": field(words[1], 28, 28),
        "entry": 10 if field(words[1], 27, 27) else 8,
        "groups": field(words[1], 25, 23) + 1,
        "C": field(words[2], 31, 24) + 1,
        "K": field(words[2], 23, 16) + 1,
        "q_max": field(words[2], 15, 8),
        "zp": field(words[2], 7, 0),
        "lo": field(words[3], 31, 24, True),
        "hi": field(words[3], 23, 16, True),
        "Sd": field(words[3], 15, 12),
        "Md": field(words[3], 7, 0),
    }
    c["off"] = [field(words[4], 31, 0, True)] * c["C"]
    rest = words[5:-1]
    c["edges"], rest = rest[: c["groups"] - 1], rest[c["groups"] - 1 :]
    c["books"] = []
    if not c["rice"]:
        size = (c["q_max"] + 2 + 7) // 8
        for _ in range(c["groups"]):
            row = bits_of(rest[:size])
            rest = rest[size:]
            c["books"].append(book([number(row[4 * i : 4 * i + 4]) for i in range(c["q_max"] + 2)]))
    if c["transform"] == 1:
        per_word = 32 // c["entry"]
        size = (c["K"] + per_word - 1) // per_word
        c["off"], c["D"] = [], []
        for _ in range(c["C"]):
            c["off"].append(field(rest[0], 31, 0, True))
            row = "".join(bits_of([word])[: per_word * c["entry"]] for word in rest[1 : 1 + size])
            entries = range(0, c["K"] * c["entry"], c["entry"])
            c["D"].append([number(row[at : at + c["entry"]], True) for at in entries])
            rest = rest[1 + size :]
    assert rest == []
    return c


def book(lengths):
    codes, code, before = {}, 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths)):
        code <<= length - before
        codes[f"{code:0{length}b}"] = symbol
        code, before = code + 1, length
    return codes


def decode(context_words, tile_words):
    c = read_context(context_words)
    vectors, raw = field(tile_words[0], 31, 16) + 1, field(tile_words[0], 15, 15)
    bits = iter(bits_of(tile_words[1:-1]))
    total = vectors * c["K"]
    if raw:
        flat = [number("".join(next(bits) for _ in range(8))) - c["zp"] for _ in range(total)]
    elif c["rice"]:
        flat = rice(c, bits, total)
    else:
        flat = [level for _ in range(vectors) for level in huffman(c, bits)]
    rows = [flat[at : at + c["K"]] for at in range(0, total, c["K"])]
    return [inverse(c, row) for row in rows]


def huffman(c, bits):
    levels = []
    while len(levels) < c["K"]:
        codes, code = c["books"][bisect_right(c["edges"], len(levels))], ""
        while code not in codes:
            code += next(bits)
        if codes[code] == c["q_max"] + 1:
            levels += [0] * (c["K"] - len(levels))
        else:
            levels.append(codes[code] - c["zp"])
    return levels


def rice(c, bits, total):
    def low_first(count):
        return sum(int(next(bits)) << i for i in range(count))

    state = [{"K": 6, "Z": 8, "R": 4} for _ in range(c["groups"])]
    levels, direct = [], False
    while len(levels) < total:
        s = state[bisect_right(c["edges"], len(levels) % c["K"])]
        k, z, kr = s["K"] >> 2, s["Z"] >> 3, s["R"] >> 1
        ones = 0
        while ones < 8 and next(bits) == "1":
            ones += 1
        if not direct and ones == z:
            s["Z"] = max(s["Z"] - (2 ** (z + 1) - 1), 0)
            if next(bits) == "1":
                s["R"] = min(s["R"] + 1, 11)
                levels += [0] * min(1 + 2**kr, total - len(levels))
            else:
                s["R"] = max(s["R"] - 1, 0)
                levels += [0] * (1 + low_first(kr))
                direct = True
            continue
        if ones == 8:
            e, quotient = low_first(8), 8
        else:
            quotient = ones - 1 if not direct and ones > z else ones
            e = ((quotient << k) + low_first(k)) % 256
        step = {0: -1, 1: 0, 2: 2, 3: 2}.get(quotient, 4)
        s["K"] = min(max(s["K"] + step, 0), 31)
        s["Z"] = min(s["Z"] + 1, 31)
        direct = False
        levels.append(-(e + 1) // 2 if e % 2 else (e + 2) // 2)
    return levels


def inverse(c, d):
    if c["transform"] == 0:
        r = [128 * level for level in d]
    elif c["transform"] == 1:
        r = [sum(entry * level for entry, level in zip(row, d, strict=True)) for row in c["D"]]
    else:
        r = [0] * 16
        for u in range(4):
            for v in range(4):
                weighted = V[u % 2 + v % 2] * d[4 * v + u]
                for i in range(4):
                    for j in range(4):
                        r[4 * i + j] += A[u][i] * A[v][j] * weighted
    r = [(value + 2**23) % 2**24 - 2**23 for value in r]
    half = 2 ** c["Sd"] >> 1
    y = [
        min(max(value, -(2**16)), 2**16 - 1) * c["Md"] + off + half >> c["Sd"]
        for value, off in zip(r, c["off"], strict=True)
    ]
    return [min(max(value, c["lo"]), c["hi"]) for value in y]
