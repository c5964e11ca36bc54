"""What the cores cost: area, period and energy of every catalogued configuration.

The figures of the package, `data/cores.json`, are those of the project's own synthesis
(doc/synthesis.md), written by `python -m synth.readme`; a file of the same form has another node's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from fmcodec.errors import InputError

__all__ = ["Config", "Core", "Cores", "load"]


@dataclass(frozen=True)
class Core:
    """An encoder or a decoder; None is what nobody has measured.

    Attributes:
        area_ge: gate equivalents of its smallest netlist.
        period_ns: shortest period of its fastest netlist.
        fast_area_ge: gate equivalents of that one.
        memory_bits: bits of its memories, which the gate equivalents are without.
        energy: (share of zero words, pJ a word) of packets that it was measured on, in this order.
        netlists: (shortest period in ns, gate equivalents) of netlists, the fastest one first; none
            is slower and larger than another.
    """

    area_ge: float | None = None
    period_ns: float | None = None
    fast_area_ge: float | None = None
    memory_bits: float | None = None
    energy: tuple[tuple[float, float], ...] = ()
    netlists: tuple[tuple[float, float], ...] = ()

    def area_at(self, period_ns: float) -> float | None:
        """Gate equivalents of the smallest netlist for a clock period; None if none is so fast."""
        return min(
            (area for shortest, area in self.netlists if shortest <= period_ns), default=None
        )

    def word_pj(self, zeros: float) -> float | None:
        """pJ a word of a map with a share of `zeros`: a straight line between measured packets."""
        if not self.energy:
            return None
        shares, spent = np.array(self.energy).T
        return float(np.interp(zeros, shares, spent))


@dataclass(frozen=True)
class Config:
    """A configuration of a codec's cores.

    Attributes:
        name: codec and name, as the catalogue has them.
        codec: id of the codec.
        params: parameters of the codec, and `port_words`.
        encoder, decoder: the cores; one without figures has none.
    """

    name: str
    codec: str
    params: Mapping[str, Any]
    encoder: Core = Core()
    decoder: Core = Core()

    @property
    def area_ge(self) -> float | None:
        """Gate equivalents of encoder and decoder together."""
        encoder, decoder = self.encoder.area_ge, self.decoder.area_ge
        return None if encoder is None or decoder is None else encoder + decoder

    def word_pj(self, zeros: float, reads: float = 1.0) -> float | None:
        """pJ of coding a word once and decoding it `reads` times."""
        written, read = self.encoder.word_pj(zeros), self.decoder.word_pj(zeros)
        return None if written is None or read is None else written + reads * read


@dataclass(frozen=True)
class Cores:
    """Figures of cores.

    Attributes:
        about: of what process and under which conditions, in words.
        configs: the configurations; of two that code alike the first one is taken.
    """

    about: str
    configs: tuple[Config, ...]

    def find(self, codec: str, word_bits: int, parameters: Mapping[str, Any]) -> Config | None:
        """The configuration that codes as a codec does.

        Args:
            codec: its id.
            word_bits: bits of a word.
            parameters: of the codec; what a configuration does not name does not matter to it.
        """
        wanted = {**parameters, "word_bits": word_bits}
        for config in self.configs:
            same = (wanted.get(name, value) == value for name, value in config.params.items())
            if config.codec == codec and all(same):
                return config
        return None


@lru_cache(maxsize=4)
def load(path: str | None = None) -> Cores:
    """The package's figures, or those of a file of the same form.

    Raises:
        InputError: the file does not have that form.
    """
    where = path or "data/cores.json"
    place = Path(path) if path else files("fmcodec_eval").joinpath(where)
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        configs = [_config(name, entry) for name, entry in found["configs"].items()]
        return Cores(str(found["about"]), tuple(configs))
    except OSError as error:
        raise InputError(f"cores must be a file of figures, but {where} cannot be read") from error
    except KeyError as error:
        raise InputError(f"{where} must have {error.args[0]!r}, but it has not") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{where} must be a file of figures of cores: {error}") from error


def _config(name: str, entry: Mapping[str, Any]) -> Config:
    cores = {core: _core(figures) for core, figures in entry["cores"].items()}
    if unknown := set(cores) - {"encoder", "decoder"}:
        raise ValueError(f"a core must be encoder or decoder, not {min(unknown)!r}")
    return Config(name, entry["codec"], dict(entry["params"]), **cores)


def _core(figures: Mapping[str, Any]) -> Core:
    rest = dict(figures)
    energy = rest.pop("energy", ())
    points = [(0.0, energy)] if isinstance(energy, int | float) else energy
    netlists = tuple((float(period), float(area)) for period, area in rest.pop("netlists", ()))
    areas = {name: None if value is None else float(value) for name, value in rest.items()}
    measured = tuple(sorted((float(zeros), float(pj)) for zeros, pj in points))
    return Core(**areas, energy=measured, netlists=netlists)
