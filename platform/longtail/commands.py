"""How every command of the platform ends: exit codes, and errors without tracebacks."""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click

from longtail.caches import settle_caches
from longtail.problems import BadInputError

if TYPE_CHECKING:
    from rich.console import Console


class ExitCode(IntEnum):
    """What a command's exit status says; click itself uses 2 for usage errors."""

    DONE = 0
    INTERNAL_ERROR = 1
    USAGE = 2
    BAD_INPUT = 3
    SOME_FAILED = 4
    INFRASTRUCTURE = 5
    INTERRUPTED = 130
    TERMINATED = 143


class InfrastructureError(RuntimeError):
    """Ray, MLflow or the storage cannot do what is asked; the message says what to change."""


class InfrastructureLost(BaseException):
    """Ray went away while a command ran; the message says what to do. Raised in the main thread
    wherever that is, so it is no `Exception`."""


class Terminated(BaseException):
    """The process was asked to end: SIGTERM, as `ray job stop` sends, or SIGHUP, as a terminal does
    that is closed."""


def output_console() -> "Console":
    """Standard output for tables: as wide as COLUMNS says, else as the terminal, else 80."""
    from rich.console import Console

    return Console()


def run(command: click.Command, arguments: Sequence[str] | None = None) -> None:
    """Run a click command and leave the process with the right exit code.

    A command returns an `ExitCode` (or None for done). Errors a user can cause are printed
    without a traceback: `ValueError` and click's own are usage errors (2), `BadInputError` is bad
    input (3), `InfrastructureError` is 5, Ctrl-C is 130, SIGTERM and SIGHUP are 143. Anything else
    is ours and keeps its traceback (1).
    """
    end_on_signals()

    def main() -> Any:
        settle_caches()
        return command.main(arguments, standalone_mode=False)

    code = int(_outcome(main))
    for act in _last_acts:
        act(code)
    sys.exit(code)


NO_REPORT = "LONGTAIL_NO_REPORT"
no_report_option = click.option(
    "--no-report",
    is_flag=True,
    envvar=NO_REPORT,
    show_envvar=True,
    help="Make no page of the results.",
)


def at_end(act: Callable[[int], object]) -> None:
    """Have something done with the exit code when the command has said all, before the interpreter
    ends."""
    _last_acts.append(act)


_last_acts: list[Callable[[int], object]] = []


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP raise `Terminated` in the main thread, so that a command can say how
    it ended. What `nohup` started goes on after SIGHUP.

    To be called again after a library has put its own handler there, as Ray does.
    """
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)


def _terminate(*_: object) -> None:
    raise Terminated


def _hang_up(*_: object) -> None:
    """What would still be written to a closed terminal raises, and goes nowhere instead."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in range(3):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(handle).st_mode):
                os.dup2(nowhere, handle)
    os.close(nowhere)
    raise Terminated


@contextmanager
def interrupted_as_it_was() -> Iterator[None]:
    """Stand around calls of compiled code that waits: what a signal raises there comes out as the
    cause of a `SystemError`, and is raised itself."""
    try:
        yield
    except SystemError as error:
        if isinstance(error.__cause__, Terminated | KeyboardInterrupt | InfrastructureLost):
            raise error.__cause__ from None
        raise


def _outcome(call: Callable[[], Any]) -> ExitCode:
    try:
        result = call()
    except (BadInputError, InfrastructureError, ValueError, OSError) as error:
        click.echo(f"error: {_text_of(error)}", err=True)
        return _code_of(error)
    except InfrastructureLost as error:
        click.echo(f"error: {error}", err=True)
        return ExitCode.INFRASTRUCTURE
    except click.ClickException as error:
        error.show()
        return ExitCode(error.exit_code)
    except (click.Abort, KeyboardInterrupt, Terminated) as error:
        click.echo("interrupted; run the same command again to go on", err=True)
        terminated = isinstance(error, Terminated)
        return ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED
    return result if isinstance(result, ExitCode) else ExitCode.DONE


def _text_of(error: Exception) -> str:
    """What is said of an error; of a path that is not there, without the system's number."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{error.filename}: no such file or folder; see that the path is right"
    return str(error)


def _code_of(error: Exception) -> ExitCode:
    match error:
        case BadInputError() | FileNotFoundError() | NotADirectoryError() | IsADirectoryError():
            return ExitCode.BAD_INPUT
        case InfrastructureError() | OSError():
            return ExitCode.INFRASTRUCTURE
        case _:
            return ExitCode.USAGE
