"""What the pages tell a reader to type: shell commands and Python blocks, with page and line.

A fenced block whose first line begins as a command does is a block of commands, and every line of
it must be one; any other is what a command prints, or a picture of files. An indented block
likewise.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from support.places import ROOT

PROGRAMS = (
    *("python", "experiments/grid.py", "experiments/sweep.py", "pytest", "make", "ray", "mlflow"),
    *("pip", "pre-commit", "sbatch", "export", "cd", "mkdir", "."),
)
"""First words of commands."""
ELSEWHERE = ("docs/own_data.md",)
"""Transcripts: tests/experiments/test_own_data.py types this one."""
OPTIONS = ("--set", "--pred")
"""First words of lines that show options alone."""


@dataclass(frozen=True)
class Written:
    """A command or a block of Python, as it stands in a page.

    Attributes:
        page: Path below the repository.
        line: Number of its first line.
        text: Continued lines joined, without comments; of Python all lines.
    """

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Block:
    """Lines of a fenced or indented block, the number of the first, and the fence's language."""

    page: str
    line: int
    language: str
    lines: tuple[str, ...]


@cache
def commands() -> tuple[Written, ...]:
    """Every command of README, CONTRIBUTING and the pages, in the order of reading."""
    tried = (block for block in blocks() if block.page not in ELSEWHERE)
    return tuple(command for block in tried for command in commands_of(block))


@cache
def python_blocks() -> tuple[Written, ...]:
    """Every block of Python."""
    return tuple(
        Written(block.page, block.line, "\n".join(block.lines))
        for block in blocks()
        if block.language == "python"
    )


@cache
def mentions() -> tuple[Written, ...]:
    """Every command of ours that a sentence or a table names between backquotes, continued lines
    joined."""
    pattern = re.compile(r"`((?:python -m|experiments/\w+\.py)\s[^`]+)`")
    return tuple(
        Written(page, text.count("\n", 0, found.start()) + 1, " ".join(found[1].split()))
        for page, text in pages()
        for found in pattern.finditer(text)
    )


@cache
def blocks() -> tuple[Block, ...]:
    """Every fenced or indented block of every page."""
    return tuple(block for page, text in pages() for block in blocks_of(page, text))


def pages() -> list[tuple[str, str]]:
    """Path below the repository and text of each."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [(str(path.relative_to(ROOT)), path.read_text()) for path in paths]


def blocks_of(page: str, text: str) -> Iterator[Block]:
    """The blocks of one page."""
    fence, first, lines = None, 0, list[str]()
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if fence is None and not line.startswith(("```", "    ")):
            if lines:
                yield Block(page, first, "", tuple(lines))
            lines = []
        elif line.startswith("```"):
            if fence is not None:
                yield Block(page, first, fence, tuple(lines))
            fence = line[3:].strip() if fence is None else None
            first, lines = number + 1, []
        else:
            first = first if lines or fence is not None else number
            lines.append(line if fence is not None else line[4:])
    assert fence is None, f"{page}: a fence is not closed"


def commands_of(block: Block) -> Iterator[Written]:
    """The commands of a block; none if it shows something else."""
    if block.language or not is_command(next((line for line in block.lines if line), "")):
        return
    joined, first = "", block.line
    for number, line in enumerate(block.lines, start=block.line):
        first = number if not joined else first
        joined = f"{joined} {line.strip()}".strip()
        if joined.endswith("\\"):
            joined = joined[:-1].rstrip()
            continue
        for text in without_comment(joined).split(" && "):
            if text.strip():
                yield Written(block.page, first, text.strip())
        joined = ""
    assert not joined, f"{block.page}:{first}: the last line of a block is continued"


def is_command(line: str) -> bool:
    """Whether a line begins as a command does, or as options of one."""
    return line.split(" ")[0] in (*PROGRAMS, *OPTIONS)


def without_comment(line: str) -> str:
    """A line up to a ` #` outside of quotes."""
    for found in re.finditer(r"(^|\s)#", line):
        try:
            shlex.split(line[: found.start()])
        except ValueError:
            continue
        return line[: found.start()]
    return line
