"""The section of the results page on lossy coding: its tables and what they say."""

from __future__ import annotations

from collections.abc import Sequence

from fmcodec_eval.cores import load
from fmcodec_eval.drawing import Figure
from fmcodec_eval.energy import MEMORIES, energy
from fmcodec_eval.lossy.points import (
    BATCH,
    BREAKDOWN_NOISE,
    DCT,
    FIXED,
    FMTC,
    FMTC_LONG,
    FMTC_ONE,
    HARM,
    MOBILENET,
    PLAIN,
    PLAIN_END,
    SHARED_BATCH,
    STORED,
    SWEPT,
    TITLES,
    Measured,
    at_agreement,
    at_harm,
)
from fmcodec_eval.lossy.tables import budget_rows, outcome, wilson
from fmcodec_eval.results.markdown import markdown_table, rendered

__all__ = ["render"]

# bits a value at no loss and at 1 % loss, of the paper's MobileNetV2
PUBLISHED = (3.85, 3.36)
# memory energy saved at a loss of accuracy, of the paper's ResNet-18
PUBLISHED_ENERGY = ((0.99, "-40 %, negligible loss"), (0.98, "-60 %, at most 2 % loss"))
SHOWN = (PLAIN, PLAIN_END, DCT, FMTC)  # budget by budget
ENOUGH_SAVED = 0.05  # of the bits, for which a learned transform is worth its cores
ENOUGH_IMAGES = 500  # of which an agreement of 99 % is told from one of 98 %


def render(measured: Measured, drawings: Sequence[Figure]) -> str:
    """The section's text."""
    networks = measured.networks
    return rendered(
        "lossy.md",
        harm=HARM,
        batch=SHARED_BATCH,
        published=PUBLISHED,
        claims=_table(_claim_rows(measured)),
        rates=_table(_rate_rows(measured)),
        learned=_table(_learned_rows(measured)),
        enough=f"{ENOUGH_SAVED:.0%}",
        cores=_table(_core_rows()),
        process=load().about,
        memory=MEMORIES[0],
        verdict=_verdict(measured),
        agreement=_table(_agreement_rows(measured)),
        eight=_changed_by_8_bits(measured),
        energies=_table(_energy_rows(measured)),
        costs=_table(_cost_rows(measured)),
        accuracy=_labelled(measured),
        studies=[_table(rows) for name in networks if len(rows := _study_rows(measured, name)) > 1],
        mobilenet=_table(budget_rows(measured, MOBILENET, schemes=SHOWN))
        if MOBILENET in networks
        else "",
        top1=networks[MOBILENET].accuracy.get("held-out") if MOBILENET in networks else None,
        layouts=_table(_layout_rows(measured)),
        breakdown_noise=BREAKDOWN_NOISE,
        breakdowns=_table(_breakdown_rows(measured)),
        drawings=drawings,
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Markdown of rows, the first of which are heads."""
    return markdown_table(rows[0], rows[1:])


def _figure(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _less(value: float | None, base: float | None) -> str:
    return "-" if value is None or base is None else f"{100 * (value / base - 1):+.0f} %"


def _rate_rows(measured: Measured) -> list[list[str]]:
    rows = [["network", "harm of 8 bits", *SWEPT]]
    for name in measured.networks:
        bits = {scheme: at_harm(measured.of(name, scheme), HARM) for scheme in SWEPT}
        eight = measured.at(name, STORED, 0.0)
        cells = [_figure(bits[PLAIN])]
        for scheme in SWEPT[1:]:
            change = _less(bits[scheme], bits[PLAIN])
            cells.append(f"{_figure(bits[scheme])} ({change})" if change != "-" else "-")
        rows.append([TITLES.get(name, name), _figure(eight.harm if eight else None), *cells])
    return rows


def _agreement_rows(measured: Measured) -> list[list[str]]:
    rows = [["network", "images", "agreement", *SWEPT, *FIXED]]
    for name, facts in measured.networks.items():
        for test, count in facts.tests.items():
            if count < ENOUGH_IMAGES:
                continue
            wanted = {f"{share:.0%}": share for share in (0.99, 0.98, 0.95)}
            eight = measured.at(name, STORED, 0.0)
            share = eight.agreement[test] if eight else 1.0
            if share < 0.99:  # 99 % is more than 8 bits give
                wanted[f"{share:.1%}, as 8 bits"] = share
            for title, share in wanted.items():
                found = [measured.of(name, scheme) for scheme in (*SWEPT, *FIXED)]
                bits = [at_agreement(points, share, test) for points in found]
                images = f"{count} {test}"
                rows.append([TITLES.get(name, name), images, title, *map(_figure, bits)])
    return rows


def _claim_rows(measured: Measured) -> list[list[str]]:
    """Memory energy of the first network beside what the paper has of one like it.

    Energy goes with bits: a map is written and read once, whatever the memory.
    """
    name = next(iter(measured.networks))
    title = f"{TITLES.get(name, name)}, agreement"
    memory = MEMORIES[0]
    rows = [["paper, ResNet-18", title, "scheme", "bits", f"{memory.name}, pJ a value"]]
    rows[0] += ["to 8 bits, not coded", "to Huffman, 8 bits"]
    huffman = measured.at(name, FIXED[-1], 0.0)
    for agreement, claim in PUBLISHED_ENERGY:
        for scheme in (PLAIN, DCT, FMTC):
            bits = at_agreement(measured.of(name, scheme), agreement)
            changes = [_less(bits, base) for base in (8.0, huffman.charged if huffman else None)]
            spent = None if bits is None else 1e9 * energy(bits, memory)
            cells = [_figure(bits), _figure(spent, 0), *changes]
            rows.append([claim, f"{agreement:.0%}", scheme, *cells])
    return rows


def _learned_rows(measured: Measured) -> list[list[str]]:
    """What a learned transform saves beside the DCT at the compared harm, and what it asks."""
    rows = [["network", DCT, FMTC, "saved", "is the DCT enough?"]]
    rows[0] += ["inverse transforms / network MACs", f"contexts, kB: {DCT}", FMTC]
    for name, facts in measured.networks.items():
        fixed, learned = measured.of(name, DCT), measured.of(name, FMTC)
        bits = [at_harm(points, HARM) for points in (fixed, learned)]
        if bits[0] is None or bits[1] is None:
            rows.append([TITLES.get(name, name), *map(_figure, bits), *["-"] * 5])
            continue
        macs = at_harm(learned, HARM, lambda point: point.inverse_macs) or 0.0
        contexts = [at_harm(points, HARM, lambda p: p.context_bits) for points in (fixed, learned)]
        rows.append(
            [
                *(TITLES.get(name, name), *map(_figure, bits), _less(bits[1], bits[0])),
                "yes" if bits[1] > (1 - ENOUGH_SAVED) * bits[0] else "no",
                f"{macs / facts.macs:.0%}",
                *(_figure(each and each * facts.values / 8e3, 0) for each in contexts),
            ]
        )
    return rows


def _core_rows() -> list[list[str]]:
    """What the cores of FMTC cost that are measured, and the lossless ones beside them."""
    rows = [["cores", "encoder, kGE", "decoder, kGE", "memory, kb", "ns", "pJ a value"]]
    chosen = [config for config in load().configs if config.codec == "fmtc"]
    chosen += [load().configs[0], *(c for c in load().configs if c.name == "rice 8p1")]
    for config in chosen:
        pair = (config.encoder, config.decoder)
        areas = [None if core.area_ge is None else core.area_ge / 1e3 for core in pair]
        held = [core.memory_bits for core in pair if core.memory_bits is not None]
        periods = [core.period_ns for core in pair if core.period_ns is not None]
        rows.append(
            [
                *(config.name, *(_figure(area, 1) for area in areas)),
                _figure(sum(held) / 1e3 if held else None, 1),
                _figure(max(periods, default=None), 1),
                _figure(config.word_pj(0.5), 1),
            ]
        )
    return rows


def _verdict(measured: Measured) -> str:
    """Whether the top-1 accuracy of FMTC at the published bits can be told from a loss of 1 %."""
    facts = measured.networks.get(MOBILENET)
    points = [p for p in measured.of(MOBILENET, FMTC) if p.charged <= PUBLISHED[1]]
    if facts is None or not points or "held-out" not in facts.accuracy:
        return "FMTC was not measured at the published rates"
    point, images = max(points, key=lambda p: p.charged), facts.tests["held-out"]
    low, high = wilson(point.accuracy["held-out"], images)
    wanted = facts.accuracy["held-out"] - 0.01
    if low >= wanted:
        return "FMTC meets the published rates on these images"
    if high < wanted:
        return "FMTC does not meet the published rates on these images"
    return "whether FMTC meets the published rates cannot be told from these images"


def _changed_by_8_bits(measured: Measured) -> str:
    """In words, the share of decisions that 8-bit maps change in every network."""
    changed = {
        point.network: 1 - point.agreement["held-out"]
        for point in measured.points
        if point.scheme == STORED
    }
    shares = [f"{share:.1%} ({TITLES.get(name, name)})" for name, share in changed.items()]
    return ", ".join(shares)


def _energy_rows(measured: Measured) -> list[list[str]]:
    """Memory energy of an image at the compared harm, in uJ, contexts included."""
    rows = [
        ["network", "memory", "8 bits, not coded", *FIXED, *SWEPT, "FMTC 64 to Huffman, 8 bits"]
    ]
    for name, facts in measured.networks.items():
        for memory in MEMORIES:
            energies = {"raw": 1e3 * energy(8 * facts.values, memory)}
            for scheme in (*FIXED, *SWEPT):
                points = measured.of(name, scheme)
                if scheme in FIXED:
                    bits = points[0].bits if points else None
                    contexts = points[0].context_bits if points else None
                else:
                    contexts = at_harm(points, HARM, lambda point: point.context_bits)
                    bits = at_harm(points, HARM)
                    if bits is not None and contexts is not None:
                        bits -= contexts / BATCH.get(scheme, SHARED_BATCH)
                if bits is None or contexts is None:
                    continue
                # maps are written and read, contexts only read
                stored = energy(bits * facts.values, memory)
                share = contexts * facts.values / BATCH.get(scheme, SHARED_BATCH)
                energies[scheme] = 1e3 * (stored + share * memory.read * 1e-9)
            cells = [_figure(energies.get(s), 0) for s in ("raw", *FIXED, *SWEPT)]
            change = _less(energies.get(FMTC), energies.get("Huffman, 8 bits"))
            rows.append([TITLES.get(name, name), memory.name, *cells, change])
    return rows


def _cost_rows(measured: Measured) -> list[list[str]]:
    """What the transform costs at the compared harm."""
    rows = [["network", "scheme", "MMAC of the network", "inverse transforms", "contexts, kB"]]
    for name, facts in measured.networks.items():
        for scheme in (FMTC_ONE, FMTC, FMTC_LONG):
            points = measured.of(name, scheme)
            macs = at_harm(points, HARM, lambda point: point.inverse_macs)
            contexts = at_harm(points, HARM, lambda point: point.context_bits)
            if macs is None or contexts is None:
                continue
            rows.append(
                [
                    TITLES.get(name, name),
                    scheme,
                    f"{facts.macs / 1e6:.0f}",
                    f"{macs / facts.macs:.0%}",
                    f"{contexts * facts.values / 8e3:.0f}",
                ]
            )
    return rows


def _breakdown_rows(measured: Measured) -> list[list[str]]:
    rows = [["network", "scheme", "entropy", "codes", "tiles", "with contexts"]]
    for name, found in measured.breakdowns.items():
        for scheme, bits in found.items():
            total = bits.tiles + bits.contexts / BATCH.get(scheme, SHARED_BATCH)
            figures = (bits.entropy, bits.codes, bits.tiles, total)
            rows.append([TITLES.get(name, name), scheme, *(f"{each:.3f}" for each in figures)])
    return rows


def _study_rows(measured: Measured, name: str) -> list[list[str]]:
    known = {*SWEPT, *FIXED}
    rows = [[TITLES.get(name, name), "bits", "contexts, bits", "harm", "agreement"]]
    rows[0].append("inverse / network MACs")
    points = [p for p in measured.points if p.network == name and p.scheme not in known]
    if points:
        base = (measured.at(name, scheme, points[0].noise) for scheme in (PLAIN, FMTC))
        points = [point for point in base if point] + points
    for point in points:
        rows.append(
            [
                point.scheme,
                _figure(point.bits, 3),
                _figure(point.context_bits),
                _figure(point.harm, 3),
                f"{100 * point.agreement['held-out']:.1f} %",
                f"{point.inverse_macs / measured.networks[name].macs:.0%}",
            ]
        )
    return rows


def _labelled(measured: Measured) -> list[tuple[str, str, str, str]]:
    """Networks with labels: title, top-1 without coding, outcome of 8 bits, table."""
    found = []
    for name, facts in measured.networks.items():
        if "test" in facts.accuracy:
            stored = measured.at(name, STORED, 0.0)
            eight = ", ".join(outcome(stored, "test", facts.tests["test"])) if stored else "-"
            table = _table(budget_rows(measured, name, "test", SHOWN))
            found.append((TITLES.get(name, name), f"{facts.accuracy['test']:.1%}", eight, table))
    return found


def _layout_rows(measured: Measured) -> list[list[str]]:
    """Share of the values, by what FMTC 64 does with them at the compared budget."""
    rows = [["network", "budget", "values transformed", "their bits, FMTC 64", "without", "layers"]]
    for name in measured.networks:
        if not measured.of(name, PLAIN) or not measured.of(name, FMTC):
            continue
        noise = measured.common_noise(name)
        at = [measured.at(name, scheme, noise) for scheme in (PLAIN, FMTC)]
        plain, coded = (point.layers for point in at if point)
        chosen = [layer for layer, (_, _, layout) in coded.items() if layout != "none"]
        values = sum(coded[layer][0] for layer in chosen)
        total = sum(count for count, _, _ in coded.values())
        means = [
            sum(layers[layer][0] * layers[layer][1] for layer in chosen) / values
            if values
            else None
            for layers in (coded, plain)
        ]
        rows.append(
            [
                TITLES.get(name, name),
                f"{noise:g}",
                f"{values / total:.0%}",
                *map(_figure, means),
                f"{len(chosen)} of {len(coded)}",
            ]
        )
    return rows
