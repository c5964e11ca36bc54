"""Encoder and decoder in one plain Verilog design, as an integrator would wire them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fmcodec_hw import catalog, export
from fmcodec_hw.codec import Config
from fmcodec_hw.ebpc.ports import keep_bits

__all__ = ["run"]

SOURCE = Path(__file__).with_name("loop.v")


def write(config: Config, folder: Path) -> None:
    """Export `config` into `folder`."""
    export.write(export.files(catalog.CODECS[config.codec], config), folder)


def run(
    config: Config,
    words: np.ndarray,
    folder: Path,
    *,
    bpc_depth: int = 16,
    znz_depth: int = 16,
    shy: bool = False,
    language: str = "2012",
    limit: int | None = None,
) -> str:
    """What the loop prints: "PASS ...", "STUCK ..." or "FAIL ..."; `folder` has the export.

    A packet of zeros and blocks takes a few cycles a word: `limit` is far above.
    """
    params = config.params
    keep = keep_bits(params)
    fields = ("tdata", "tkeep", "tlast") if keep else ("tdata", "tlast")
    macros: Mapping[str, object] = {
        "NAME_INST": f'"{config.codec}_inst.vh"',
        "RESET": "rst" if config.reset == "sync-high" else "rst_n",
        "RESET_ON": "1'b1" if config.reset == "sync-high" else "1'b0",
        "WORD_BITS": params.word_bits,
        "BEAT_BITS": params.port_words * params.word_bits + keep + 1,
        "LENGTH_BITS": config.options["length_bits"],
        "WORDS": len(words),
        "BPC_DEPTH": bpc_depth,
        "ZNZ_DEPTH": znz_depth,
        "LIMIT": limit or 10 * len(words) + 1000,
    }
    lines = [f"`define {name} {value}" for name, value in macros.items()]
    lines.append("`define BEAT_PORTS(p) " + ", ".join(f"p``_{field}" for field in fields))
    lines += ["`define SHY"] if shy else []
    (folder / "bench.v").write_text("\n".join(lines) + "\n" + SOURCE.read_text())
    word = words.view(f"u{words.itemsize}")
    (folder / "words.hex").write_text("\n".join(f"{value:x}" for value in word) + "\n")
    build = ["iverilog", f"-g{language}", "-s", "loop", "-o", "loop.vvp", "-c"]
    (folder / "all.f").write_text((folder / f"{config.codec}.f").read_text() + "bench.v\n")
    subprocess.run([*build, "all.f"], cwd=folder, check=True)
    done = subprocess.run(["vvp", "loop.vvp"], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()
