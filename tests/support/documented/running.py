"""One documented command, tried in the way that the table says."""

import importlib
import shlex
import subprocess
import sys
from functools import cache
from typing import Any

import click
from support.commands.in_process import exit_code
from support.documented.pages import Written
from support.documented.table import CHANGES, FIRST, WAYS, Entry, Way
from support.places import ROOT

STARTS_OF_OPTIONS = {
    "--set": "experiments/grid.py --variants softmax_r50",
    "--pred": "python -m ensemble.merge --ann lvis_v1_val.json --out by_options",
}


def entry_of(command: Written) -> Entry:
    """The line of the table that a command goes by.

    Raises:
        AssertionError: There is none.
    """
    text = command.text if command.text.startswith(tuple(STARTS_OF_OPTIONS)) else changed(command)
    for entry in WAYS:
        if begins(text, entry.begins):
            return entry
    raise AssertionError(f"{command}: no line of WAYS in support/documented/table.py: add one")


def begins(text: str, words: str) -> bool:
    """Whether a command begins with these words; the last may be the beginning of a word that
    goes on after a dot."""
    return f"{text} ".startswith(words if words.endswith(".") and words != "." else f"{words} ")


def changed(command: Written) -> str:
    """The command as it is tried."""
    text = command.text
    for change in CHANGES:
        if change.page == command.page:
            text = text.replace(change.old, change.new)
    start = STARTS_OF_OPTIONS.get(text.split(" ")[0])
    return text if start is None else f"{start} {text}"


def try_command(command: Written) -> int:
    """Try it in the working directory; the exit code."""
    entry = entry_of(command)
    code = tried(changed(command), entry.way)
    return code or (tried(entry.instead, Way.RUN) if entry.instead else 0)


def try_python(block: Written) -> None:
    """Run it in the working directory, after what the table puts before it."""
    names: dict[str, Any] = {"command": lambda text: tried(text, Way.RUN)}
    exec(FIRST.get(block.page, ""), names)
    exec(compile(block.text, str(block), "exec"), names)


def tried(text: str, way: Way) -> int:
    words = shlex.split(text)
    match way:
        case Way.MAKE:
            return started("make", "--dry-run", *words[1:])
        case Way.COLLECTED:
            collect = "-m", "pytest", "--collect-only", "-qq", "-pno:cacheprovider"
            return started(sys.executable, *collect, *words[1:])
        case Way.SHELL:
            return subprocess.run(words).returncode
        case Way.PARSED:
            return parsed(words)
        case Way.RUN | Way.DRY:
            command, rest = ours(words)
            more = ["--dry-run"] if way is Way.DRY and "--dry-run" not in rest else []
            return exit_code(command, *rest, *more)
        case Way.NOT:
            return 0


def started(*words: str) -> int:
    """The exit code of a program in the repository's root."""
    return subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL).returncode


def ours(words: list[str]) -> tuple[click.Command, list[str]]:
    """A command of the project, and what it is given."""
    if words[0] == "python":
        assert words[1] == "-m", words
        name, rest = words[2], words[3:]
    else:
        name, rest = words[0].removesuffix(".py").replace("/", "."), words[1:]
    return command_of(name), rest


def rays(words: list[str]) -> tuple[click.Command, list[str]]:
    """Ray's own command, and what it is given."""
    from ray.scripts.scripts import cli

    return cli, words[1:]


def unknown_options(text: str) -> list[str]:
    """Options of a command between backquotes, as far as it is given, that it does not have."""
    command, rest = ours(text.split())
    while isinstance(command, click.Group) and rest:
        command, rest = command.commands[rest[0]], rest[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return [word for word in rest if word.startswith("--") and word.split("=")[0] not in known]


@cache
def command_of(name: str) -> click.Command:
    """The command that `python -m NAME` runs."""
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{name}.__main__")
    main = module.main
    assert isinstance(main, click.Command), name
    return main


def parsed(words: list[str]) -> int:
    """Words and options, taken by the command's parser; 0 unless it raises."""
    command, rest = rays(words) if words[0] == "ray" else ours(words)
    while isinstance(command, click.Group):
        command, rest = command.commands[rest[0]], rest[1:]
    with command.make_context(words[0], rest, allow_interspersed_args="--" not in rest):
        pass
    if "--" in rest:
        return tried(shlex.join(rest[rest.index("--") + 1 :]), Way.DRY)
    return 0
