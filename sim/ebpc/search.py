"""Search for packets that take longest: hill climbing over short ones, tiled to long ones."""
from __future__ import annotations
import time
from pathlib import Path
import numpy as np
from fmcodec_hw import catalog
from fmcodec_hw.codec import Config
from sim.full_speed import FullSpeed

def beats(config, core, words):
    p = config.params
    if core == "encoder":
        return {"s_axis": words.view(f"u{words.itemsize}")}
    e = p.encode(words)
    out = {"s_axis_len": [len(words) - 1], "s_axis_znz": e.znz, "s_axis_bpc": e.bpc}
    if p.port_words == 2:
        b = e.bpc.astype(np.uint64)
        odd = len(b) & 1
        if odd: b = np.append(b, np.uint64(0))
        out["s_axis_bpc"] = b[::2] | b[1::2] << np.uint64(p.word_bits)
        k = p.word_bits // 8
        out["s_axis_bpc_keep"] = (1 << k) - 1 if odd else (1 << 2 * k) - 1
    return out

def fresh(rng, m, size, dtype):
    low, high = -(2 ** (m - 1)), 2 ** (m - 1) - 1
    kind = rng.integers(6)
    if kind == 0: w = rng.choice([low, high], size)
    elif kind == 1: w = rng.integers(low, high, size, endpoint=True)
    elif kind == 2: w = rng.choice([low, low + 1, 1, 2, 3], size)
    elif kind == 3: w = np.full(size, rng.integers(low, high, endpoint=True))
    elif kind == 4: w = rng.integers(-3, 4, size)
    else: w = np.zeros(size, np.int64)
    return w.astype(dtype)

def mutate(rng, w, m, longest, other):
    w = w.copy()
    for _ in range(int(rng.integers(1, 4))):
        a = int(rng.integers(len(w))); n = min(len(w) - a, int(rng.choice([1, 1, 2, 4, 8, 16])))
        k = rng.integers(8)
        if k == 0: w[a] = 0
        elif k == 1: w[a:a+n] = fresh(rng, m, n, w.dtype)
        elif k == 2: w[a] ^= w.dtype.type(1 << int(rng.integers(m - 1)))
        elif k == 3 and len(w) + n <= longest: w = np.insert(w, a, fresh(rng, m, n, w.dtype))
        elif k == 4 and len(w) > n: w = np.delete(w, slice(a, a + n))
        elif k == 5 and len(w)+n <= longest: w = np.insert(w, a, np.zeros(n, w.dtype))
        elif k == 6: b = int(rng.integers(len(w))); w[[a, b]] = w[[b, a]]
        elif k == 7:
            cut = int(rng.integers(len(other)+1)); w = np.concatenate([w[:a], other[cut:]])[:longest]
        if not len(w): w = np.ones(1, w.dtype)
    return w

def climb(sim, config, core, bound, seconds, rng, reps=(1, 5), chains=48, most=12):
    p = config.params
    dtype = f"i{p.word_bits//8}"; n = p.block_words
    pool = [fresh(rng, p.word_bits, int(rng.integers(1, most * n)), dtype) for _ in range(chains)]
    times = [reps[i % len(reps)] for i in range(chains)]
    def score(pool):
        tiled = [np.tile(w, t) for w, t in zip(pool, times)]
        c = sim.cycles([beats(config, core, w) for w in tiled])
        return np.array([x - bound(w) for x, w in zip(c, tiled)])
    best = score(pool); end = time.monotonic() + seconds; tried = chains
    since = np.zeros(chains, int)
    record = list(zip(best, pool)); 
    top = {r: (-1e9, None) for r in reps}
    while time.monotonic() < end:
        kids = [mutate(rng, w, p.word_bits, most * n, pool[int(rng.integers(chains))]) for w in pool]
        s = score(kids); tried += chains
        for i in range(chains):
            since[i] += 1
            if s[i] >= best[i]:
                if s[i] > best[i]: since[i] = 0
                pool[i], best[i] = kids[i], s[i]
            if best[i] > top[times[i]][0]: top[times[i]] = (float(best[i]), pool[i])
            if since[i] > 400:
                pool[i] = fresh(rng, p.word_bits, int(rng.integers(1, most * n)), dtype); best[i] = -1e9; since[i] = 0
    return top, tried

def tiled_excess(sim, config, core, bound, w, size=9000):
    t = np.tile(w, -(-size // len(w)))
    return float(sim.cycles([beats(config, core, t)])[0] - bound(t)), len(t)
