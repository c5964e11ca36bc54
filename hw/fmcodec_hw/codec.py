"""What a codec's room tells of its cores: how they are built, and which of them are watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from fmcodec_hw.shell import RESETS, AxiTop

__all__ = ["CORES", "Codec", "Config"]

CORES = ("encoder", "decoder")


@dataclass(frozen=True)
class Config:
    """A configuration of a codec's cores: all that decides what their Verilog is.

    Attributes:
        codec: id of the codec.
        name: what the tables call it, unique within the codec; "" where it is not in the catalogue.
        params: the codec's parameters.
        options: options of the cores beyond `params`, as the codec's `build` takes them.
        reset: one of `RESETS`.
        cores: which cores of it figures are kept of.
        short: whether the short simulation runs it.
        maps: whether the embedded feature maps are simulated in full and stand in the table.
        figures: the flows that measure it where no configuration is named: "asic", "fpga".
    """

    codec: str
    name: str
    params: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    reset: str = RESETS[0]
    cores: Sequence[str] = CORES
    short: bool = False
    maps: bool = False
    figures: Sequence[str] = ()

    @property
    def id(self) -> str:
        """Codec and name, which no other configuration of the catalogue has."""
        return f"{self.codec} {self.name}"

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that was chosen, as the manifest tells it."""
        chosen = {k: v for k, v in self.params.get_config().items() if k != "id"}
        return {**chosen, **self.options, "reset": self.reset}


@dataclass(frozen=True)
class Codec:
    """A codec's cores.

    Attributes:
        id: the codec's id, as in the model.
        title: one line on what is exported, for the command line.
        format_version: version of the stream format (doc/format.md) that the cores speak.
        build: the tops of a configuration by core; keyword `name` is the prefix of their names.
        options: the command line's options, parameters and options of the cores alike.
        configure: a configuration from the values of `options`.
        configs: the configurations of the catalogue.
    """

    id: str
    title: str
    format_version: str
    build: Callable[..., dict[str, AxiTop]]
    options: Sequence[click.Option]
    configure: Callable[..., Config]
    configs: Sequence[Config]

    def tops(self, config: Config, *, name: str = "") -> dict[str, AxiTop]:
        """The exported tops of `config` by core, `<name>_<core>`; `name` is the id by default."""
        return self.build(config, name=name or self.id)

    def __iter__(self) -> Iterator[Config]:
        return iter(self.configs)
