"""What a codec's room tells of its cores: how they are built, and which of them are watched."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from amaranth.lib import wiring

from fmcodec_hw.shell import RESETS, AxiTop

__all__ = ["CORES", "EXPORT_OPTIONS", "Codec", "Config", "Performance"]

CORES = ("encoder", "decoder")
EXPORT_OPTIONS = (
    click.Option(
        ["--reset"],
        type=click.Choice(RESETS),
        default=RESETS[0],
        help="rst, synchronous and active high, or rst_n, asynchronous and active low.",
    ),
    click.Option(
        ["--register-ports"], is_flag=True, help="A register slice at every port, at full rate."
    ),
)


@dataclass(frozen=True)
class Config:
    """A configuration of a codec's cores: all that decides what their Verilog is.

    Attributes:
        codec: id of the codec.
        name: what the tables call it, unique within the codec; "" where it is not in the catalogue.
        params: the codec's parameters.
        options: options of the cores beyond `params`, as the codec's `build` takes them.
        reset: one of `RESETS`.
        register_ports: whether every port has a register slice.
        cores: which cores of it figures are kept of.
        short: whether the short simulation runs it.
        slow: whether the full one runs it in the short form.
        maps: whether the embedded feature maps are simulated in full and stand in the table.
        figures: the flows that measure it where no configuration is named: "asic", "fpga",
            "energy", and "gates", which simulates its netlists.
    """

    codec: str
    name: str
    params: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    reset: str = RESETS[0]
    register_ports: bool = False
    cores: Sequence[str] = CORES
    short: bool = False
    slow: bool = False
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
        shell = {"reset": self.reset, "register_ports": self.register_ports}
        return {**chosen, **self.options, **shell}


@dataclass(frozen=True)
class Performance:
    """What a core's user has to know of its speed, a sentence each.

    Attributes:
        rate: words per cycle, and under which conditions.
        latency: cycles from an input to the output that it makes.
    """

    rate: str
    latency: str


@dataclass(frozen=True)
class Codec:
    """A codec's cores.

    Attributes:
        id: the codec's id, as in the model.
        title: one line on what is exported, for the command line.
        format_version: version of the stream format (doc/format.md) that the cores speak.
        performance: rate and latency of a core (one of `CORES`) of a configuration, slices at
            the ports left out.
        build: the tops of a configuration by core; keyword `name` is the prefix of their names.
        options: the command line's options, parameters and options of the cores alike; those of
            every codec are `EXPORT_OPTIONS`.
        configure: a configuration from the values of `options` and `EXPORT_OPTIONS`.
        configs: the configurations of the catalogue.
        parts: components of the cores that are measured by themselves too, by name; their members
            are no streams.
    """

    id: str
    title: str
    format_version: str
    performance: Callable[[Config, str], Performance]
    build: Callable[..., dict[str, AxiTop]]
    options: Sequence[click.Option]
    configure: Callable[..., Config]
    configs: Sequence[Config]
    parts: Mapping[str, Callable[[], wiring.Component]] = field(default_factory=dict)

    def tops(self, config: Config, *, name: str = "") -> dict[str, AxiTop]:
        """The exported tops of `config` by core, `<name>_<core>`; `name` is the id by default."""
        return self.build(config, name=name or self.id)

    def command(self, config: Config) -> str:
        """The command line that makes `config`, without what is default; where to is left out."""
        options = (*self.options, *EXPORT_OPTIONS)
        context = click.Context(click.Command(self.id, params=list(options)))
        words = ["fmcodec-hw", "verilog", self.id]
        for option in options:
            value = config.parameters[option.name or ""]
            if option.is_flag:
                if bool(value) != bool(option.get_default(context)):
                    words.append((option.opts if value else option.secondary_opts)[0])
            elif value != option.get_default(context):
                words += [option.opts[0], shlex.quote(str(value))]
        return " ".join(words)

    def __iter__(self) -> Iterator[Config]:
        return iter(self.configs)
