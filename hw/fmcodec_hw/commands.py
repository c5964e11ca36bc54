"""The commands of `fmcodec-hw`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fmcodec_hw import export
from fmcodec_hw.catalog import CODECS
from fmcodec_hw.codec import EXPORT_OPTIONS, Codec
from fmcodec_hw.companions import PERIOD_NS

__all__ = ["cli"]


@click.group(context_settings={"show_default": True})
@click.version_option(package_name="fmcodec")
def cli() -> None:
    """Hardware of the feature-map codecs."""


@cli.command("codecs")
def codecs() -> None:
    """List the codecs that have cores, one a line."""
    for codec in CODECS:
        click.echo(codec)


@cli.group("verilog")
def verilog() -> None:
    """Write a codec's cores as Verilog, with manifest, file list, template, SDC, waivers."""


def _command(codec: Codec) -> click.Command:
    """The command that exports a codec: its own options and those of every export."""

    def run(output: Path, name: str, period: float, force: bool, **values: Any) -> None:
        config = codec.configure(**values)
        files = export.files(codec, config, name=name, period_ns=period)
        if not force:
            export.refuse_other(files, output)
        for path in export.write(files, output):
            click.echo(path)

    shared = [
        *EXPORT_OPTIONS,
        click.Option(
            ["--name"], default=codec.id, help="What the names of modules and files begin with."
        ),
        click.Option(
            ["--period"],
            type=click.FloatRange(min=0.001),
            default=PERIOD_NS,
            help="Clock period in the SDC files, ns.",
        ),
        click.Option(
            ["-o", "--output"],
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("build/verilog"),
            help="Folder for the files.",
        ),
        click.Option(["--force"], is_flag=True, help="Overwrite files of another export."),
    ]
    text = f"Write the {codec.title}."
    return click.Command(codec.id, callback=run, params=[*codec.options, *shared], help=text)


for _codec in CODECS.values():
    verilog.add_command(_command(_codec))
