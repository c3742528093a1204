"""Exit codes of commands."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from longtail.commands import (
    ExitCode,
    InfrastructureError,
    InfrastructureLost,
    interrupted_as_it_was,
    run,
)
from longtail.problems import BadInputError, ProblemReport


def exit_code_of(error: BaseException | None, arguments: list[str] | None = None) -> int:
    @click.command()
    def command() -> None:
        if error is not None:
            raise error

    with pytest.raises(SystemExit) as caught:
        run(command, arguments or [])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, ExitCode.DONE),
        (ValueError("x"), ExitCode.USAGE),
        (click.UsageError("x"), ExitCode.USAGE),
        (BadInputError("x"), ExitCode.BAD_INPUT),
        (FileNotFoundError("x"), ExitCode.BAD_INPUT),
        (OSError(28, "No space left on device"), ExitCode.INFRASTRUCTURE),
        (InfrastructureError("x"), ExitCode.INFRASTRUCTURE),
        (InfrastructureLost("x"), ExitCode.INFRASTRUCTURE),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_errors_have_their_exit_codes(error: BaseException | None, code: ExitCode) -> None:
    assert exit_code_of(error) == code


def test_an_unknown_option_is_a_usage_error() -> None:
    assert exit_code_of(None, ["--no-such"]) == ExitCode.USAGE


def test_our_own_errors_keep_their_traceback() -> None:
    @click.command()
    def command() -> None:
        raise AssertionError("ours")

    with pytest.raises(AssertionError, match="ours"):
        run(command, [])


def test_the_message_of_a_users_error_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(ValueError("seed: -1 is below 0"))
    assert capsys.readouterr().err == "error: seed: -1 is below 0\n"


def test_a_file_that_is_not_there_is_named_without_the_system_s_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "train.json").read_bytes()
    exit_code_of(missing.value)
    said = capsys.readouterr().err
    assert (
        said
        == f"error: {tmp_path}/train.json: no such file or folder; see that the path is right\n"
    )


def test_a_report_names_file_field_records_count_and_remedy() -> None:
    report = ProblemReport("a.json")
    report.error("images.id", "appears twice", [f"images[{n}]" for n in range(12)], "renumber")
    report.warning("categories", "odd", [], "nothing")
    with pytest.raises(BadInputError) as caught:
        report.raise_if_errors()
    text = str(caught.value)
    assert text.startswith("a.json: 1 kind of problem\n  images.id: appears twice")
    assert "images[4], ... (12 in all)" in text and "fix: renumber" in text
    assert report.warnings == []


def test_a_signal_in_compiled_code_is_raised_as_itself() -> None:
    with pytest.raises(KeyboardInterrupt), interrupted_as_it_was():
        raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
    with pytest.raises(SystemError, match="of its own"), interrupted_as_it_was():
        raise SystemError("of its own")


WAIT = """
import signal, sys
from pathlib import Path
import click
from longtail.commands import run

@click.command()
def command():
    try:
        print("begun", flush=True)
        Path(sys.argv[1]).touch()
        while True:
            signal.pause()
    finally:
        print("said at the end", flush=True)
        Path(sys.argv[1]).unlink()

run(command, [])
"""


def test_a_closed_terminal_ends_a_command_in_order(tmp_path: Path) -> None:
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(tmp_path / "begun")],
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        # What `nohup` started hands on that it ignores it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    os.close(its)
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
    # Nobody reads any more: what is written now is an error.
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait() == ExitCode.TERMINATED
    assert not (tmp_path / "begun").exists()


def test_what_nohup_started_goes_on_after_its_terminal(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(tmp_path / "begun")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (ignored,) = (line.split()[1] for line in status if line.startswith("SigIgn"))
    assert int(ignored, 16) & 1 << (signal.SIGHUP - 1)
    process.terminate()
    output, errors = process.communicate()
    assert process.returncode == ExitCode.TERMINATED
    assert output == b"begun\nsaid at the end\n" and b"interrupted" in errors
