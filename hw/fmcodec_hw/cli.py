"""`fmcodec-hw`: Verilog of the cores."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fmcodec import ebpc
from fmcodec_hw import export

__all__ = ["main"]

_PARAMS = ebpc.Params()


@click.group()
@click.version_option(package_name="fmcodec")
def cli() -> None:
    """Hardware of the feature-map codecs."""


@cli.group("verilog")
def verilog() -> None:
    """Write the cores of a codec as Verilog, with a JSON manifest of ports and parameters."""


@verilog.command("ebpc")
@click.option("--word-bits", type=int, default=_PARAMS.word_bits, show_default=True)
@click.option("--block-words", type=int, default=_PARAMS.block_words, show_default=True)
@click.option("--max-zero-run", type=int, default=_PARAMS.max_zero_run, show_default=True)
@click.option("--port-words", type=int, default=_PARAMS.port_words, show_default=True)
@click.option(
    "--reset",
    type=click.Choice(export.RESETS),
    default=export.RESETS[0],
    show_default=True,
    help="rst, synchronous and active high, or rst_n, asynchronous and active low.",
)
@click.option(
    "--compact",
    is_flag=True,
    help="Fewer gates, for up to two cycles more per block of words.",
)
@click.option(
    "--checked/--no-checked",
    default=True,
    show_default=True,
    help="Decoder: report damage in tuser.",
)
@click.option(
    "--length-bits",
    type=int,
    default=24,
    show_default=True,
    help="Decoder: bits of a packet's length.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/verilog"),
    show_default=True,
    help="Folder for ebpc_encoder.v, ebpc_decoder.v and ebpc.json.",
)
def verilog_ebpc(
    word_bits: int,
    block_words: int,
    max_zero_run: int,
    port_words: int,
    reset: str,
    compact: bool,
    checked: bool,
    length_bits: int,
    output: Path,
) -> None:
    """Write the EBPC encoder and decoder."""
    params = ebpc.Params(word_bits, block_words, max_zero_run, port_words)
    tops = [
        export.ebpc_encoder(params, reset=reset, compact=compact),
        export.ebpc_decoder(
            params, reset=reset, compact=compact, checked=checked, length_bits=length_bits
        ),
    ]
    files = {f"{top.name}.v": export.to_verilog(top) for top in tops}
    parameters = {
        **params.get_config(),
        "compact": compact,
        "checked": checked,
        "length_bits": length_bits,
    }
    files["ebpc.json"] = export.manifest(parameters, tops)
    for path in export.write(files, output):
        click.echo(path)


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
