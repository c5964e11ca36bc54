"""The first section of a page: what to build for a network, in words and in one table."""

from __future__ import annotations

from collections.abc import Sequence

from fmcodec_eval.energy import energy
from fmcodec_eval.report.answer import Candidate, Layers, System, best
from fmcodec_eval.report.page import Section, Table
from fmcodec_eval.report.summary import Summary, title_of

__all__ = ["COLUMNS", "TERMINAL", "conclusion", "in_best_order", "yardsticks"]

COLUMNS = (
    *("network", "codec", "order", "cores", "ratio, ideal", "ratio in memory"),
    *("whole traffic saved", "MB/frame", "GB/s", "DRAM mW saved", "cores mW", "net mW saved"),
    *("GE", "pJ/word", "words/cycle", "over best of each layer"),
)
# what of it a terminal shows
TERMINAL = (
    *("network", "codec", "order", "ratio, ideal", "ratio in memory", "whole traffic saved"),
    *("GB/s", "net mW saved", "GE", "pJ/word", "words/cycle"),
)


def conclusion(summary: Summary, system: System, found: Sequence[Sequence[Candidate]]) -> Section:
    """The section.

    Args:
        summary: of the report.
        system: the accelerator that it answers for.
        found: of every network the candidates in its first format, the best ones first.
    """
    text = [sentence for each in found for sentence in _sentences(summary, system, each)]
    weights = "" if system.batch == 1 else f" in {system.batch} frames"
    text.append(
        f"Every map is written once and read once, weights are read once{weights}, in bursts of "
        f"{system.burst} bytes; {system.frames:g} frames a second; {system.memory.name} at "
        f"{system.memory.write:g} pJ/bit written and {system.memory.read:g} read. In memory a "
        "stream of a packet begins at a burst's edge, has a 32-bit word of index, and a packet "
        "that coding does not make smaller stays raw: the same for every codec. Cores: "
        f"{system.cores.about}; GE of encoder and decoder together, pJ a word through both."
    )
    return Section("Conclusion", text, _table(system, found))


def _sentences(summary: Summary, system: System, found: Sequence[Candidate]) -> list[str]:
    case, chosen = found[0].case, best(found)
    about = summary.networks.get(case.network)
    notes = list(about.notes) if about else []
    name = f"{case.network}, {case.format} words"
    if not any(each.hardware for each in found):
        return [*notes, f"{name}: none of the codecs that were measured is one for hardware."]
    if chosen is None:
        first = found[0]
        return [
            *notes,
            f"{name}: no codec that was measured has cores here; {title_of(first.codec)} stores "
            f"the maps in {first.ratio:.2f} times fewer bytes.",
        ]
    return [*notes, _build(name, chosen, found), _energy(chosen), _fit(summary, system, chosen)]


def _build(name: str, chosen: Candidate, found: Sequence[Candidate]) -> str:
    raw, coded = (size / 1e6 for size in chosen.traffic)
    rate = chosen.system.frames / 1e3
    whose = "with weights" if chosen.weight_bytes is not None else "of maps; weights are not known"
    assert chosen.config is not None
    text = (
        f"{name}: build {title_of(chosen.codec)} (cores {chosen.config.name}, order "
        f"{chosen.case.order}). It stores the feature maps in {chosen.ratio:.2f} times fewer bytes "
        f"and saves {chosen.saved:.0%} of the whole traffic ({whose}): {raw:.3g} → {coded:.3g} MB "
        f"a frame, {raw * rate:.3g} → {coded * rate:.3g} GB/s. "
    )
    if chosen.stored_bytes >= chosen.raw_bytes:
        text = f"{name}: build no codec; even {title_of(chosen.codec)} makes its maps no smaller. "
    ahead = found[0]
    if ahead.config is None and ahead.stored_bytes < chosen.stored_bytes:
        less = 1 - ahead.stored_bytes / chosen.stored_bytes
        text += f"{title_of(ahead.codec)} would take {less:.1%} less, but has no cores here. "
    loss = chosen.one_for_all_loss
    text += (
        "No other hardware codec is better in any layer."
        if loss < 5e-5
        else f"One codec for all layers costs {loss:.1%} more than the best in every layer."
    )
    return text


def _energy(chosen: Candidate) -> str:
    memory, rate = chosen.system.memory.name, chosen.system.frames
    saved, net = chosen.dram_saved_mj * rate, chosen.net_saved_mj
    if net is None or chosen.codec_mj is None or chosen.break_even is None:
        return f"{memory} spends {saved:.3g} mW less; what the cores spend was not measured."
    text = f"{memory} spends {saved:.3g} mW less, the cores spend {chosen.codec_mj * rate:.3g} mW: "
    if net <= 0:
        text += f"coding costs {-net * rate:.3g} mW more than it saves."
    else:
        text += f"{net * rate:.3g} mW are saved."
    if chosen.break_even < float("inf"):
        text += f" Coding these maps pays above a ratio of {chosen.break_even:.3f}."
    return text


def _fit(summary: Summary, system: System, chosen: Candidate) -> str:
    sets = Layers(summary, chosen.case, system.burst).working_set()
    fits, size = int((sets <= system.on_chip).sum()), f"{system.on_chip / 1024:g} KiB"
    text = (
        f"The largest input and output of a layer together are {sets.max() / 1024:,.0f} KiB "
        f"({sets.idxmax()}); with a buffer of {size}, {fits} of {len(sets)} layers work on chip."
    )
    if fits == len(sets):
        text += " No map then has to leave the chip: all that is saved here is hypothetical."
    return text


def in_best_order(found: Sequence[Candidate]) -> list[Candidate]:
    """Of every codec the candidate with the fewest bytes, in the order of `found`."""
    kept: dict[str, Candidate] = {}
    for each in found:
        if each.codec not in kept or each.stored_bytes < kept[each.codec].stored_bytes:
            kept[each.codec] = each
    return list(kept.values())


def _table(system: System, found: Sequence[Sequence[Candidate]]) -> Table:
    rows, strong = [], set()
    for candidates in found:
        chosen = best(candidates)
        first = candidates[0]
        moved, dash = first.traffic[0], ["–"]
        spent = energy(8 * first.raw_bytes, system.memory) * system.frames
        rows.append(
            [
                *(first.case.network, "uncompressed", "–", "–", "1.000", "1.000", "0.0%"),
                *(_short(moved / 1e6), _short(moved * system.frames / 1e9)),
                *(f"0 of {_short(spent)}", *dash * 6),
            ]
        )
        for each in in_best_order([each for each in candidates if each.hardware]):
            if each == chosen:
                strong |= {(len(rows), place) for place in range(1, len(COLUMNS))}
            rows.append(_row(each))
    return Table(COLUMNS, rows, frozenset(strong), texts=4).lean()


def _row(each: Candidate) -> list[str]:
    frames, coded = each.system.frames, each.traffic[1]
    config = each.config
    pj = None if each.codec_mj is None else each.codec_mj * 1e9 / each.words
    return [
        *(each.case.network, title_of(each.codec), each.case.order),
        config.name if config else "none here",
        *(f"{each.ideal_ratio:.3f}", f"{each.ratio:.3f}", f"{each.saved:.1%}"),
        *(_short(coded / 1e6), _short(coded * frames / 1e9)),
        _short(each.dram_saved_mj * frames),
        "–" if each.codec_mj is None else _short(each.codec_mj * frames),
        "–" if each.net_saved_mj is None else _short(each.net_saved_mj * frames),
        _figure(config.area_ge if config else None, 0),
        _figure(pj, 2),
        _figure(each.rate, 3),
        f"{each.one_for_all_loss:+.1%}",
    ]


def _short(value: float) -> str:
    """Three digits: networks' traffic differs by a thousand times."""
    return f"{value:#.3g}".rstrip(".")


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None or value != value else f"{value:,.{digits}f}"


def yardsticks(found: Sequence[Sequence[Candidate]]) -> Section | None:
    """Software codecs in memory, beside the best codec with cores; None where there are none."""
    rows = []
    for candidates in found:
        software = in_best_order([each for each in candidates if not each.hardware])
        chosen = best(candidates)
        for each in software:
            against = (
                "–" if chosen is None else f"{each.stored_bytes / chosen.stored_bytes - 1:+.1%}"
            )
            rows.append(
                [
                    *(each.case.network, title_of(each.codec), each.case.order),
                    *(f"{each.ideal_ratio:.3f}", f"{each.ratio:.3f}", against),
                ]
            )
    if not rows:
        return None
    columns = ["network", "codec", "order", "ratio, ideal", "ratio in memory"]
    columns.append("bytes against the codec to build")
    text = (
        "What no core does at a word a cycle, charged as the others: general-purpose coders, a "
        "packet at a time, and the order-0 entropy of a packet, a bound for codes of single words."
    )
    return Section("Yardsticks: software", [text], Table(columns, rows, texts=3).lean())
