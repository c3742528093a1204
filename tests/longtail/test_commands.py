"""Exit codes of commands."""

import click
import pytest

from longtail.commands import ExitCode, InfrastructureError, interrupted_as_it_was, run
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


def test_a_report_names_file_field_records_count_and_remedy() -> None:
    report = ProblemReport("a.json")
    report.error("images.id", "appears twice", [f"images[{n}]" for n in range(12)], "renumber")
    report.warning("categories", "odd", [], "nothing")
    with pytest.raises(BadInputError) as caught:
        report.raise_if_errors()
    text = str(caught.value)
    assert text.startswith("a.json: 1 kind of problem\n  images.id: appears twice")
    assert "images[9], ... (12 in all)" in text and "fix: renumber" in text
    assert report.warnings == []


def test_a_signal_in_compiled_code_is_raised_as_itself() -> None:
    with pytest.raises(KeyboardInterrupt), interrupted_as_it_was():
        raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
    with pytest.raises(SystemError, match="of its own"), interrupted_as_it_was():
        raise SystemError("of its own")
