"""Command line `fmcodec`: a group whose commands load when they are called.

A command lives in the module that does its work; the table below names it, so that `fmcodec
--help` imports none of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

import fmcodec

__all__ = ["cli", "main"]

# command: (module:attribute of a click.Command, the line that help prints)
COMMANDS = {
    "bench": ("fmcodec_eval.bench:bench", "Measure the codecs in words/s on feature maps."),
    "choose": (
        "fmcodec_eval.choose.command:choose",
        "Say which cores to build for a network, with what they save.",
    ),
    "report": (
        "fmcodec_eval.report.command:report",
        "Measure codecs on networks: tables, figures and a page.",
    ),
    "results": (
        "fmcodec_eval.results.page:results",
        "Write the page of results on known networks.",
    ),
}


class CommandGroup(click.Group):
    """A group that loads its commands lazily and reports every user error as one line.

    What a user can put right (usage, ValueError, OSError) goes to stderr as `fmcodec: <what>` with
    exit code 2; anything else is a defect and keeps its traceback.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            result = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.ClickException as error:
            _fail(error.format_message())
        except click.Abort:
            _fail("interrupted", 130)
        except (ValueError, OSError) as error:
            _fail(str(error))
        # --help and --version return 0; a command may return an exit code of its own
        sys.exit(result if isinstance(result, int) else 0)


def _fail(message: str, code: int = 2) -> None:
    click.echo(f"fmcodec: {' '.join(message.split())}", err=True)
    sys.exit(code)


@click.command(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fmcodec.__version__, prog_name="fmcodec")
def cli() -> None:
    """Codecs of feature maps: models, measurements and reports."""


def main() -> None:
    """Entry point of the command `fmcodec`."""
    # a user's package.module:callable lies where he works; behind all that is installed
    sys.path.append(str(Path.cwd()))
    cli(prog_name="fmcodec")
