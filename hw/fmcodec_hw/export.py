"""The files of an export, and how they come into a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fmcodec_hw.codec import Codec, Config
from fmcodec_hw.manifest import manifest
from fmcodec_hw.verilog import to_verilog

__all__ = ["files", "write"]


def files(codec: Codec, config: Config, *, name: str = "") -> dict[str, str]:
    """Name -> text of the exported files of `config`; `name` is the prefix of all (default: id)."""
    name = name or codec.id
    tops = codec.tops(config, name=name)
    texts = {f"{top.name}.v": to_verilog(top) for top in tops.values()}
    return {**texts, f"{name}.json": manifest(codec, config, tops)}


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
