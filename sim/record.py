"""What a bench is told about its run, and what it leaves behind."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from fmcodec_hw import catalog
from fmcodec_hw.codec import Config

__all__ = ["Run"]


@dataclass(frozen=True)
class Run:
    """What the runner tells the benches in the environment of the simulation.

    Attributes:
        config_id: id of the configuration in the catalogue.
        short: less of everything.
        map_path: a .npy file to run in place of the embedded feature maps, or "".
        measured: file that the benches add their measurements to, one JSON object a line.
        reset: the reset of the cores, where it is not the configuration's.
    """

    config_id: str
    short: bool
    map_path: str
    measured: str
    reset: str = ""

    VARIABLE = "FMCODEC_SIM"

    def environment(self) -> dict[str, str]:
        return {self.VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def current(cls) -> Run:
        """The run that this process is part of."""
        return cls(**json.loads(os.environ[cls.VARIABLE]))

    @cached_property
    def config(self) -> Config:
        config = catalog.find(self.config_id)
        return replace(config, reset=self.reset) if self.reset else config

    def record(self, **measurement: object) -> None:
        """Add a measurement to the results of the run."""
        with open(self.measured, "a", encoding="utf-8") as file:
            file.write(json.dumps({"config": self.config_id, **measurement}) + "\n")
