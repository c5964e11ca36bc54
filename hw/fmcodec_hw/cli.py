"""`fmcodec-hw`: Verilog of the cores."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from fmcodec_hw import export
from fmcodec_hw.catalog import CODECS
from fmcodec_hw.codec import Codec
from fmcodec_hw.shell import RESETS

__all__ = ["main"]


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
    """Write the cores of a codec as Verilog, with a JSON manifest of ports and parameters."""


def _command(codec: Codec) -> click.Command:
    """The command that exports a codec: its own options and those of every export."""

    def run(output: Path, **values: Any) -> None:
        config = codec.configure(**values)
        for path in export.write(export.files(codec, config), output):
            click.echo(path)

    shared = [
        click.Option(
            ["--reset"],
            type=click.Choice(RESETS),
            default=RESETS[0],
            help="rst, synchronous and active high, or rst_n, asynchronous and active low.",
        ),
        click.Option(
            ["-o", "--output"],
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("build/verilog"),
            help="Folder for the files.",
        ),
    ]
    text = f"Write the {codec.title}."
    return click.Command(codec.id, callback=run, params=[*codec.options, *shared], help=text)


for _codec in CODECS.values():
    verilog.add_command(_command(_codec))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; an error is one line on stderr and exit code 2."""
    try:
        cli.main(arguments, prog_name="fmcodec-hw", standalone_mode=False)
    except click.ClickException as error:
        _fail(error.format_message())
    except (TypeError, ValueError, OSError) as error:
        _fail(str(error))
    except click.Abort:
        _fail("interrupted")


def _fail(message: str) -> None:
    print(f"fmcodec-hw: {message}", file=sys.stderr)
    sys.exit(2)
