"""The tables of a page, from figures to cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fmcodec_eval.energy import MEMORIES, break_even, energy, energy_text
from fmcodec_eval.report.about import Tensor
from fmcodec_eval.report.answer import Candidate, Layers, System
from fmcodec_eval.report.page import Table
from fmcodec_eval.report.plan import codec_id
from fmcodec_eval.report.storage import BURSTS
from fmcodec_eval.report.summary import Case, Summary, title_of

__all__ = [
    "break_even_table",
    "energy_table",
    "layer_table",
    "overview_table",
    "tensor_table",
    "tile_table",
]

ByCase = Mapping[Case, Sequence[Candidate]]


def overview_table(summary: Summary) -> Table:
    """The ratios of every case and kind of maps; the best codec of a row in bold."""
    codecs, lines = summary.codecs, summary.overview()
    columns = ["network", "format", "order", "maps", "images", "words", "zeros"]
    columns += [title_of(codec) for codec in codecs]
    rows, strong = [], set()
    for number, line in enumerate(lines.to_dict("records")):
        ratios = {codec: line[codec] for codec in codecs}
        real = {c: r for c, r in ratios.items() if codec_id(c) != "entropy"}
        if real:
            strong.add((number, 7 + codecs.index(max(real, key=lambda c: real[c]))))
        rows.append(
            [
                *(line["network"], line["format"], line["order"], line["maps"]),
                *(f"{line['images']:,}", f"{line['words']:,}", f"{line['zeros']:.1%}"),
                *(f"{ratio:.3f}" for ratio in ratios.values()),
            ]
        )
    return Table(columns, rows, frozenset(strong), texts=4).lean()


def layer_table(
    summary: Summary, case: Case, layers: Layers, system: System, cores: Candidate | None
) -> Table:
    """A row for each layer: what it holds, what each codec makes of it, what that saves.

    Args:
        summary, case: whose layers.
        layers: their sizes.
        system: the accelerator.
        cores: the codec whose bytes, raw packets and energy are shown; None for none.
    """
    codecs = list(layers.stored.columns)
    best = layers.best() if layers.hardware else None
    rates, sets = summary.words_per_cycle(case, True), layers.working_set()
    columns = ["#", "layer", "kind", "shape", "bytes", "zeros"]
    ratio_at = len(columns)
    columns += [title_of(codec) for codec in codecs] + ["best for hardware"]
    columns += _core_heads(system, cores) + [f"words/cycle {core}" for core in rates.columns]
    columns += ["weights, bytes", "in + out, KiB", "on chip"]
    rows: list[list[str]] = []
    strong = set()
    for number, (name, first) in enumerate(layers.first.iterrows()):
        layer, stored = str(name), layers.stored.loc[name]
        pays = "–"
        if best is not None:
            strong.add((number, ratio_at + codecs.index(best[layer])))
            pays = title_of(best[layer]) if stored[best[layer]] < first.raw_bytes else "raw"
        weights = f"{layers.weights.get(layer, 0.0):,.0f}" if layers.weights else "–"
        rows.append(
            [
                *(str(number + 1), layer, first.kind, first["shape"]),
                *(f"{first.raw_bytes:,.0f}", f"{first.zeros / first.words:.1%}"),
                *(f"{first.raw_bytes / stored[codec]:.3f}" for codec in codecs),
                pays,
                *_core_cells(layers, layer, system, cores),
                *(f"{rate:.3f}" for rate in rates.loc[name]),
                *(weights, f"{sets[name] / 1024:,.1f}"),
                "yes" if sets[name] <= system.on_chip else "no",
            ]
        )
    return Table(columns, rows, frozenset(strong), texts=4, filtered=True)


def _core_heads(system: System, cores: Candidate | None) -> list[str]:
    if cores is None:
        return []
    title = title_of(cores.codec)
    return [f"{title}: bytes", "raw packets", f"{system.memory.name} µJ saved, net"]


def _core_cells(layers: Layers, layer: str, system: System, cores: Candidate | None) -> list[str]:
    """A layer's bytes, raw packets and energy saved with the codec to build."""
    if cores is None:
        return []
    first, stored = layers.first.loc[layer], layers.stored.loc[layer, cores.codec]
    raw = layers.raw_packets.loc[layer, cores.codec]
    spent = layers.codec_mj(cores.config)
    saved = energy(8 * (first.raw_bytes - stored), system.memory)
    net = "–" if spent is None else f"{1e3 * (saved - spent[layer]):,.2f}"
    return [f"{stored:,.0f}", f"{_count(raw)} of {_count(first.packets)}", net]


def _count(mean: float) -> str:
    """A number of packets, which need not be whole: it is the mean of several images."""
    return f"{mean:,.0f}" if abs(mean - round(mean)) < 0.05 else f"{mean:,.1f}"


def tile_table(
    cases: Sequence[Case], sizes: Mapping[tuple[Case, int], Mapping[str, float]]
) -> Table:
    """Ratios in memory of every order and burst; `sizes` by case and burst, then codec."""
    codecs = list(sizes[cases[0], BURSTS[0]])
    rows: list[list[str]] = []
    strong = set()
    for case in cases:
        for burst in BURSTS:
            ratios = sizes[case, burst]
            best = max(ratios, key=lambda codec: ratios[codec])
            strong.add((len(rows), 4 + codecs.index(best)))
            cells = [f"{ratios[codec]:.3f}" for codec in codecs]
            rows.append([case.network, case.format, case.order, str(burst), *cells])
    columns = ["network", "format", "order", "burst, bytes", *map(title_of, codecs)]
    return Table(columns, rows, frozenset(strong), texts=3).lean()


def energy_table(summary: Summary, by_case: ByCase, system: System) -> Table:
    """Millijoules of a frame in every kind of DRAM, uncompressed and coded."""
    codecs = [c for c in summary.codecs if codec_id(c) != "entropy"]
    columns = ["network", "format", "order", "memory", "uncompressed", *map(title_of, codecs)]
    rows = []
    for case, found in by_case.items():
        stored = {each.codec: 8 * each.stored_bytes for each in found}
        for memory in dict.fromkeys((system.memory, *MEMORIES)):
            moved = [8 * found[0].raw_bytes, *(stored[codec] for codec in codecs)]
            costs = [energy_text(each, memory) for each in moved]
            rows.append([case.network, case.format, case.order, memory.name, *costs])
    return Table(columns, rows, texts=4).lean()


def break_even_table(by_case: ByCase, system: System) -> Table:
    """For every codec with cores and every memory: above which ratio coding saves energy."""
    columns = ["network", "format", "order", "codec", "cores", "memory", "pJ/word of the cores"]
    columns += ["pJ/word of the DRAM", "break-even ratio", "ratio", "saved, mJ/frame", "net"]
    rows = []
    for case, found in by_case.items():
        for each in (each for each in found if each.config is not None):
            assert each.config is not None
            names = [case.network, case.format, case.order, title_of(each.codec), each.config.name]
            for memory in dict.fromkeys((system.memory, *MEMORIES)):
                dram = each.word_bits * (memory.write + memory.read)
                saved = energy(8 * (each.raw_bytes - each.stored_bytes), memory)
                row = [*names, memory.name]
                if each.codec_mj is None:
                    row += ["–", f"{dram:.0f}", "–", f"{each.ratio:.3f}", f"{saved:.4f}", "–"]
                else:
                    pj = each.codec_mj * 1e9 / each.words
                    even = break_even(memory, each.word_bits, pj)
                    row += [f"{pj:.2f}", f"{dram:.0f}", f"{even:.3f}", f"{each.ratio:.3f}"]
                    row += [f"{saved:.4f}", f"{saved - each.codec_mj:.4f}"]
                rows.append(row)
    return Table(columns, rows, texts=6).lean()


def tensor_table(tensors: Sequence[Tensor]) -> Table:
    """What was captured and what was left out, and why."""
    rows = [
        [
            *(str(number), each.name, each.operator, "x".join(map(str, each.shape))),
            *("map" if each.stored else "left out", each.reason),
        ]
        for number, each in enumerate(tensors, 1)
    ]
    columns = ["#", "tensor", "operator", "shape", "is", "why"]
    return Table(columns, rows, texts=6, filtered=True)
