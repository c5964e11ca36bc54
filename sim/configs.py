"""The configurations that are simulated, and what a bench is told about its run."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from fmcodec.ebpc import Params

__all__ = ["CONFIGS", "LENGTH_BITS", "VECTORS", "Config", "Run"]

LENGTH_BITS = 24
VECTORS = Path(__file__).resolve().parent.parent / "tests" / "vectors"


@dataclass(frozen=True)
class Config:
    """Parameters of a pair of cores and variants of their export.

    Attributes:
        params: parameters of encoder and decoder.
        reset: "sync-high" or "async-low".
        compact: whether the cores are the compact ones.
        checked: whether the decoder reports damage.
        maps: whether the embedded feature maps run in full and stand in the table.

    A configuration's name is m/n/z, "p2" for two words a beat, and what is unusual.
    """

    params: Params
    reset: str = "sync-high"
    compact: bool = False
    checked: bool = True
    maps: bool = False

    @property
    def vectors(self) -> Path | None:
        """The published vectors of these parameters, if there are any."""
        p = self.params
        path = VECTORS / f"m{p.word_bits}_n{p.block_words}_z{p.max_zero_run}.npz"
        return path if path.exists() else None


CONFIGS = {
    "8/8/16": Config(Params(8, 8, 16), maps=True),
    "8/8/16p2": Config(Params(8, 8, 16, 2), maps=True),
    "16/16/16": Config(Params(16, 16, 16)),
    "16/8/16": Config(Params(16, 8, 16)),
    "8/8/8": Config(Params(8, 8, 8)),
    "32/16/16": Config(Params(32, 16, 16)),
    "8/16/16": Config(Params(8, 16, 16)),
    "8/4/16": Config(Params(8, 4, 16)),
    "16/16/16p2-async": Config(Params(16, 16, 16, 2), reset="async-low"),
    "8/8/16-compact": Config(Params(8, 8, 16), compact=True, maps=True),
    "8/8/16-unchecked": Config(Params(8, 8, 16), checked=False),
}


@dataclass(frozen=True)
class Run:
    """What `run.py` tells the benches in the environment of the simulation.

    Attributes:
        config: name of the configuration.
        short: less of everything.
        map_path: a .npy file to run in place of the embedded feature maps, or "".
        measured: file that the benches add their measurements to, one JSON object a line.
    """

    config: str
    short: bool
    map_path: str
    measured: str

    VARIABLE = "FMCODEC_SIM"

    def environment(self) -> dict[str, str]:
        return {self.VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def current(cls) -> Run:
        return cls(**json.loads(os.environ[cls.VARIABLE]))

    def record(self, **measurement: object) -> None:
        """Add a measurement to the results of the run."""
        with open(self.measured, "a", encoding="utf-8") as file:
            file.write(json.dumps({"config": self.config, **measurement}) + "\n")
