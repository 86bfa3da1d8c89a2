"""The command line. Commands only read options, call a driver and print; `main` maps every outcome to an exit code."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from smscontract import __version__
from smscontract.errors import ExitCode, SmscontractError
from smscontract.mask import Masker
from smscontract.native import compiled
from smscontract.plain import printable

__all__ = ["cli", "main", "run"]

#: Each command and the module of this package that holds it, loaded only when it is used.
_COMMANDS = {
    "clauses": "clauses",
    "diff": "diff",
    "doctor": "doctor",
    "drift": "drift",
    "explain": "explain",
    "gate": "gate",
    "init": "init",
    "map": "map",
    "merge": "merge",
    "prove": "prove",
    "serve": "serve",
    "timeline": "timeline",
    "validate": "validate",
    "witnesses": "witnesses",
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for, so that light commands stay light."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature of click
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the signature of click
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{_COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            from smscontract.documents import nearest_hint

            raise click.UsageError(f"there is no command `{name}`; {nearest_hint(name, _COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        parts = compiled()
        click.echo(f"smscontract {__version__} ({'compiled: ' + ', '.join(parts) if parts else 'nothing compiled'})")
        context.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def cli() -> None:
    """Says which sentence of an SMS provider's API contract is broken."""


def _terminated(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with one of `ExitCode`."""
    code = int(run(list(sys.argv[1:] if arguments is None else arguments)))
    gc.freeze()  # what ends anyway need not be looked through for cycles: that took longer than many a command
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs the command line and returns the exit code; output goes to the standard streams."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        result = cli.main(args=arguments, prog_name="smscontract", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        message = printable(Masker().scrub(error.format_message()))
        context = getattr(error, "ctx", None)
        where = f" {context.command_path.partition(' ')[2]}".rstrip() if context is not None else ""
        click.echo(f"error: {message}\n  help  smscontract{where} --help", err=True)
        return ExitCode.UNUSABLE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except SmscontractError as error:
        click.echo(f"error: {_lines(error)}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be said there.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - else the interpreter flushes the old one
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - our bug, whatever it is; values in it may be anybody's, so they stay here
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rpartition('smscontract/')[2]}:{frame.lineno}"
        click.echo(
            f"internal error: {type(error).__name__} at {place}\n  help  please report it with the command line", err=True
        )
        return ExitCode.INTERNAL
    return int(result) if isinstance(result, int) else ExitCode.KEPT


def _lines(error: SmscontractError) -> str:
    masker = Masker()
    return "\n".join(printable(masker.scrub(line)) for line in str(error).split("\n"))
