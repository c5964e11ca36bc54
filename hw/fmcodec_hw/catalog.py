"""The one list of codecs and of their cores' named configurations.

Export, simulation, synthesis, FPGA flow and tests loop over it. A codec adds itself by its room:
`fmcodec_hw/<codec>/tops.py` has a `CODEC`, and this list names it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fmcodec_hw.codec import Codec, Config
from fmcodec_hw.ebpc.tops import CODEC as EBPC
from fmcodec_hw.fmtc.tops import CODEC as FMTC
from fmcodec_hw.rice.tops import CODEC as RICE
from fmcodec_hw.shell import RESETS, AxiTop

__all__ = ["CODECS", "configs", "find", "part", "parts", "tops"]

CODECS: dict[str, Codec] = {codec.id: codec for codec in (EBPC, RICE, FMTC)}


def configs() -> Iterator[Config]:
    """Every configuration, codec by codec."""
    for codec in CODECS.values():
        yield from codec


def find(text: str) -> Config:
    """The configuration named "<codec> <name>", or by its name alone where only one codec has it.

    Raises:
        ValueError: no configuration is called so, or more than one.
    """
    found = [config for config in configs() if text in (config.id, config.name)]
    if len(found) != 1:
        names = ", ".join(config.id for config in found or configs())
        raise ValueError(f"config must be one of {names}, not {text!r}")
    return found[0]


def tops(config: Config, *, name: str = "") -> dict[str, AxiTop]:
    """The exported tops of a configuration, by core; `name` as `Codec.tops` takes it."""
    return CODECS[config.codec].tops(config, name=name)


def parts() -> Iterator[tuple[str, str]]:
    """Codec and name of every part that is measured by itself."""
    for codec in CODECS.values():
        yield from ((codec.id, name) for name in codec.parts)


def part(codec: str, name: str, *, reset: str = RESETS[0]) -> AxiTop:
    """A part as an exported module of its own, its members for ports.

    Raises:
        ValueError: there is no such part.
    """
    if (codec, name) not in parts():
        known = ", ".join(" ".join(one) for one in parts())
        raise ValueError(f"part must be one of {known}, not {f'{codec} {name}'!r}")
    component = CODECS[codec].parts[name]()
    prefixes = {member: member for member in component.signature.members}
    return AxiTop(component, name=f"{codec}_{name}", prefixes=prefixes, reset=reset)
