"""The files of an export, and how they come into a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fmcodec_hw import companions
from fmcodec_hw.codec import Codec, Config
from fmcodec_hw.companions import PERIOD_NS
from fmcodec_hw.manifest import manifest
from fmcodec_hw.verilog import memories, to_verilog

__all__ = ["files", "refuse_other", "write"]


def files(
    codec: Codec, config: Config, *, name: str = "", period_ns: float = PERIOD_NS
) -> dict[str, str]:
    """Name -> text of the exported files of `config`; the manifest comes first.

    Parameters:
        codec, config: what is exported.
        name: prefix of the names of all files and modules; the codec's id by default.
        period_ns: clock period in the SDC files.

    Raises:
        ValueError: `name` is no Verilog identifier.
    """
    name = name or codec.id
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise ValueError(f"name must be letters, digits and _, a letter first, not {name!r}")
    command = codec.command(config)
    command += f" --name {name}" if name != codec.id else ""
    command += f" --period {period_ns:g}" if period_ns != PERIOD_NS else ""
    tops = codec.tops(config, name=name)
    texts = {
        f"{top.name}.v": companions.header(codec, config, core, command) + "\n" + to_verilog(top)
        for core, top in tops.items()
    }
    macros = {top.name: memories(top) for top in tops.values() if top.memory == "external"}
    models = {f"{top}_ram.v": found.models() for top, found in macros.items() if found.sizes}
    beside = {
        **models,
        f"{name}.f": companions.file_list([*texts, *models]),
        f"{name}.vlt": companions.lint_waivers([*texts, *models]),
        f"{name}_inst.vh": companions.template(tops, name),
        **{f"{top.name}.sdc": companions.sdc(top, period_ns) for top in tops.values()},
    }
    told = manifest(codec, config, tops, macros, command=command, companions=list(beside))
    return {f"{name}.json": told, **texts, **beside}


def refuse_other(files: Mapping[str, str], folder: Path) -> None:
    """See that `files` overwrite nothing in `folder` but an export of the same configuration.

    `files` begins with its manifest; equal manifests are equal exports.

    Raises:
        FileExistsError: what lies there is something else.
    """
    there = [folder / name for name in files if (folder / name).exists()]
    manifest_path = folder / next(iter(files))
    if not there:
        return
    if not manifest_path.is_file():
        raise FileExistsError(f"{there[0]} is of no export known here: choose --name or --force")
    if manifest_path.read_text(encoding="utf-8") != files[manifest_path.name]:
        raise FileExistsError(f"{manifest_path} is of another export: choose --name or --force")


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write `files` (name -> text) into `folder`, all of them or, when one cannot be, none."""
    folder.mkdir(parents=True, exist_ok=True)
    staged: dict[Path, Path] = {}
    try:
        for name, text in files.items():
            part = folder / f".{name}.part"
            staged[part] = folder / name
            part.write_text(text, encoding="utf-8", newline="\n")
        for path in staged.values():
            if path.is_dir():
                raise IsADirectoryError(f"{path} must be a file, not a folder")
        for part, path in staged.items():
            part.replace(path)
    finally:
        for part in staged:
            part.unlink(missing_ok=True)
    return list(staged.values())
