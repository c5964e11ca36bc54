"""What `make sim` prints at its end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from fmcodec_hw import catalog
from sim.runner import Outcome

__all__ = ["layers_table", "maps_table", "tests_table"]


def maps_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Feature maps through the exported Verilog, every port ready")
    table.add_column("layer", overflow="fold")
    table.add_column("config")
    for name in ("words", "zeros", "ratio", "encoder w/c", "decoder w/c", "bit exact"):
        table.add_column(name, justify="right")
    shown = [o for o in outcomes if catalog.find(o.config).maps] or outcomes
    for outcome in shown:
        for row in (row for row in outcome.measured if "map" in row):
            table.add_row(
                row["map"],
                outcome.config,
                str(row["words"]),
                f"{row['sparsity']:.1%}",
                f"{row['ratio']:.2f}",
                f"{row['encoder_words_per_cycle']:.3f}",
                f"{row['decoder_words_per_cycle']:.3f}",
                "yes" if row["exact"] else "[red]no",
            )
        table.add_section()
    return table


def layers_table(outcomes: Sequence[Outcome]) -> Table:
    """Layers through the cores of a lossy codec; SNR is that behind the activation's clamp."""
    table = Table(title="Layers through the lossy cores' exported Verilog, every port ready")
    table.add_column("layer", overflow="fold")
    table.add_column("config")
    for name in ("values", "bits/value", "SNR dB", "encoder c/c", "decoder c/c", "bit exact"):
        table.add_column(name, justify="right")
    measured = [(o, [row for row in o.measured if "layer" in row]) for o in outcomes]
    shown = [pair for pair in measured if catalog.find(pair[0].config).maps]
    for outcome, rows in shown or measured:
        for row in rows:
            table.add_row(
                row["layer"],
                outcome.config,
                str(row["values"]),
                f"{row['bits_per_value']:.2f}",
                f"{row['snr_db']:.1f}",
                f"{row['encoder_coefficients_per_cycle']:.3f}",
                f"{row['decoder_coefficients_per_cycle']:.3f}",
                "yes" if row["exact"] else "[red]no",
            )
        table.add_section()
    return table


def tests_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Tests; slack: cycles left below the throughput bound, worst packet")
    for name in ("config", "passed", "failed", "encoder slack", "decoder slack", "seconds"):
        table.add_column(name, justify="left" if name == "config" else "right")
    for outcome in outcomes:
        slack = {
            core: min((r["slack"] for r in outcome.measured if r.get("core") == core), default=None)
            for core in ("encoder", "decoder")
        }
        table.add_row(
            outcome.config,
            str(outcome.passed),
            f"[red]{len(outcome.errors)}" if outcome.errors else "0",
            *("-" if worst is None else f"{worst:.0f}" for worst in slack.values()),
            f"{outcome.seconds:.0f}",
        )
    return table
