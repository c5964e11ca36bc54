"""The figures of the cores that an evaluation reads, from those of the flow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fmcodec_hw import catalog
from fmcodec_hw.codec import Config
from synth import tables
from synth.figures import Core

__all__ = ["CORES", "figures"]

# package data: a report is made where this flow is not
CORES = Path(__file__).resolve().parents[1] / "model/fmcodec_eval/data/cores.json"

_GATED = ", clock gating"


def figures(baseline: Mapping[str, Any], energy: Mapping[str, Any]) -> dict[str, Any]:
    """What `fmcodec_eval.cores` reads: every configuration of the catalogue that has figures.

    Areas and periods are those of the library that energies are measured with; energies are with
    gated clocks where they were measured so.
    """
    key = next(name for name in energy if not name.endswith(_GATED))
    spent = {**energy[key]["results"], **energy.get(f"{key}{_GATED}", {}).get("results", {})}
    measured = baseline[key]["results"]
    found = {
        config.id: _config(config, measured.get(config.id, {}), spent.get(config.id, {}))
        for config in catalog.configs()
        if config.id in measured
    }
    terms = energy[key]["conditions"]
    about = (
        f"{key.partition(',')[0]}; area of the smallest netlist; energy at {terms['clock_mhz']:g} "
        f"MHz with gated clocks, {terms['wire_ff']:g} fF of wire a pin, without clock tree"
    )
    return {"about": about, "configs": found}


def _config(config: Config, measured: Mapping[str, Any], spent: Mapping[str, Any]) -> dict:
    kept = {name: value for name, value in config.params.get_config().items() if name != "id"}
    # a packet's flags are no property of a core
    params = {name: value for name, value in kept.items() if not isinstance(value, bool)}
    cores = {core: _core(found, spent.get(core, {})) for core, found in measured.items()}
    return {"codec": config.codec, "params": params, "cores": cores}


def _frontier(timed: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Of (period, area) those that no netlist beats in both, the fastest one first."""
    smallest = math.inf
    for period, area in sorted(timed):
        if area < smallest:
            smallest = area
            yield period, area


def _core(found: Mapping[str, Any], by_map: Mapping[str, Any]) -> dict[str, Any]:
    core = Core.from_json(found)
    netlists = core.netlists.values()
    timed = [(n.timing.period_ns, n.area_ge) for n in netlists if n.timing is not None]
    period, area = min(timed, default=(None, None))
    energy = sorted((one["zeros"], tables.energy_pj(one)) for one in by_map.values())
    return {
        "area_ge": round(min(n.area_ge for n in netlists), 1),
        "period_ns": period,
        "fast_area_ge": None if area is None else round(area, 1),
        "memory_bits": core.memory_bits,
        "netlists": [[round(ns, 3), round(ge, 1)] for ns, ge in _frontier(timed)],
        "energy": [[round(zeros, 4), round(pj, 3)] for zeros, pj in energy],
    }
