"""The sections of a page, from the conclusion to what was left out."""

from __future__ import annotations

from collections.abc import Callable

from fmcodec_eval.energy import MEMORIES
from fmcodec_eval.report import tables
from fmcodec_eval.report.answer import Layers, System, best, candidates
from fmcodec_eval.report.conclusion import conclusion, yardsticks
from fmcodec_eval.report.figures import dram_energy, histograms, overview_figures, tile_sweep
from fmcodec_eval.report.layer_figures import case_figures
from fmcodec_eval.report.page import Section
from fmcodec_eval.report.storage import BURSTS
from fmcodec_eval.report.summary import Case, Summary

__all__ = ["sections"]


def sections(
    summary: Summary, system: System, progress: Callable[[str], None] = lambda what: None
) -> list[Section]:
    """The page's own sections: what to build, the comparisons, then every case.

    Args:
        summary: of the report.
        system: the accelerator that it answers for.
        progress: is told what is drawn.
    """
    progress("overview")
    layers = {case: Layers(summary, case, system.burst) for case in summary.cases}
    by_case = {case: candidates(summary, case, system, layers[case]) for case in summary.cases}
    networks: dict[str, Case] = {}
    for case in summary.cases:
        networks.setdefault(case.network, case)
    headline = [
        sorted(
            (c for case, all_of in by_case.items() for c in all_of if _heads(case, first)),
            key=lambda each: (not each.hardware, each.stored_bytes),
        )
        for first in networks.values()
    ]
    drawn = _drawn(summary.cases, by_case)
    made = [
        conclusion(summary, system, headline),
        yardsticks(headline),
        _overview(summary),
        *_tiles(summary),
        *_energy(summary, system, by_case),
        *(
            _case(summary, system, case, layers[case], by_case, case in drawn, progress)
            for case in summary.cases
        ),
        *_left_out(summary),
    ]
    return [section for section in made if section is not None]


def _heads(case: Case, first: Case) -> bool:
    """Whether a case belongs to the conclusion: a network's first format, in any order."""
    return (case.network, case.format) == (first.network, first.format)


def _drawn(cases: list[Case], by_case: tables.ByCase) -> list[Case]:
    """Cases whose layers have figures: of several sizes of tiles the best one.

    The others have their line in a sweep, and a table; figures of all would take longer than to
    measure them.
    """
    groups: dict[tuple[str, str, bool], list[Case]] = {}
    for case in cases:
        key = case.network, case.format, case.order.startswith("tile:")
        groups.setdefault(key, []).append(case)

    def stored(case: Case) -> float:
        found = best(by_case[case]) or by_case[case][0]
        return found.stored_bytes

    return [
        case
        for (_, _, tiled), alike in groups.items()
        for case in ([min(alike, key=stored)] if tiled else alike)
    ]


def _overview(summary: Summary) -> Section:
    return Section(
        "Ideal ratios",
        [
            "Bits of all words over the bits of all packets, without what memory adds. A packet is "
            "a whole feature map, or a tile where the order is one of tiles. The best codec of a "
            "row is set in bold; entropy is a bound."
        ],
        tables.overview_table(summary),
        overview_figures(summary),
    )


def _tiles(summary: Summary) -> list[Section]:
    """A section for each network and format that was measured in more than one size of tiles."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in summary.cases:
        if case.order.startswith("tile:"):
            groups.setdefault((case.network, case.format), []).append(case)
    made = []
    for (network, form), cases in groups.items():
        if len(cases) < 2:
            continue
        sizes = {}
        for case in cases:
            for burst in BURSTS:
                by = summary.layer_sizes(case, burst).groupby("codec", sort=False)
                sums = by[["raw_bytes", "stored_bytes"]].sum()
                sizes[case, burst] = (sums.raw_bytes / sums.stored_bytes).to_dict()
        text = (
            "Ratios in memory: small tiles pay for their index and the empty end of their last "
            "burst, and give a codec less to learn from; large ones need a larger buffer."
        )
        made.append(
            Section(
                f"Tiles: {network}, {form}",
                [text],
                tables.tile_table(cases, sizes),
                [tile_sweep(summary, cases, sizes)],
            )
        )
    return made


def _energy(summary: Summary, system: System, by_case: tables.ByCase) -> list[Section]:
    memories = "; ".join(
        f"{m.name} {m.write:g} pJ/bit written, {m.read:g} read ({m.source})"
        for m in dict.fromkeys((system.memory, *MEMORIES))
    )
    return [
        Section(
            "Energy saved",
            [
                "Energy saved is what the DRAM spends less, minus what the cores spend, each map "
                "coded once and decoded once. The break-even ratio is the one above which coding "
                "saves energy: 1 / (1 - pJ of the cores / pJ of the DRAM), both a word.",
                f"Cores: {system.cores.about}; between the zeros of the measured packets on a "
                "straight line. Cores that rest spend nothing here.",
            ],
            tables.break_even_table(by_case, system),
            [dram_energy(by_case)],
        ),
        Section(
            "DRAM energy",
            [
                "Millijoules of a frame for all its feature maps in bursts of memory, each written "
                "once and read once, without the codec's own energy.",
                f"Parameters: {memories}.",
            ],
            tables.energy_table(summary, by_case, system),
            folded=True,
        ),
    ]


def _case(
    summary: Summary,
    system: System,
    case: Case,
    layers: Layers,
    by_case: tables.ByCase,
    has_figures: bool,
    progress: Callable[[str], None],
) -> Section:
    progress(str(case))
    chosen = best(by_case[case])
    text = (
        f"Layers in the network's order; a head sorts, a word filters. Ratios are those in memory, "
        f"bursts of {system.burst} bytes; the best hardware codec is set in bold. In + out is the "
        f"map and the one before it; on chip where both fit into {system.on_chip / 1024:g} KiB. "
        "words/cycle are bounds of the cores: codec, p, words of a beat of the code port."
    )
    if not has_figures:
        text += " Figures are those of the best size of tiles alone."
    return Section(
        f"Layers: {case}",
        [text],
        tables.layer_table(summary, case, layers, system, chosen),
        [
            *case_figures(summary, case, layers, chosen.codec if chosen else None),
            histograms(summary, case),
        ]
        if has_figures
        else [],
        folded=len(summary.cases) > 3,
    )


def _left_out(summary: Summary) -> list[Section]:
    return [
        Section(
            f"Captured and left out: {network}",
            ["Every tensor that the network computes: which are maps of this report, and why."],
            tables.tensor_table(about.tensors),
            folded=True,
        )
        for network, about in summary.networks.items()
        if about.tensors
    ]
