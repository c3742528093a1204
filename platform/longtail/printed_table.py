"""Tables for people that fit the console they are printed to.

No word is cut and no number wrapped. A table that is too wide loses its spare columns first, and
says which; then names wrap at their separators; what is still too wide goes on in a second part
below. Columns without any content are not shown.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

NOTHING = ("", "-")
BETWEEN = 2
"""Columns of the console between two of a table."""
# Not within numbers such as 0.1 and 1e-3.
_BREAKS = re.compile(r"(?<=[_/,:;=>\s])|(?<=[.+-])(?=[^\d\s.])")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: What stands over it; wraps between words.
        is_text: Whether it holds words, which stand left; numbers stand right.
        wraps: Whether what it holds may go on in another line.
        spare: Columns with the highest go first where there is no room; 0 never goes.
    """

    heading: str
    is_text: bool = False
    wraps: bool = False
    spare: int = 0


def text_columns(*headings: str) -> list[Column]:
    """Columns of words, which wrap."""
    return [Column(heading, is_text=True, wraps=True) for heading in headings]


def word_columns(*headings: str) -> list[Column]:
    """Columns of words that are to be copied, and stay on their line."""
    return [Column(heading, is_text=True) for heading in headings]


def number_columns(*headings: str, spare: int = 0) -> list[Column]:
    """Columns of numbers."""
    return [Column(heading, spare=spare) for heading in headings]


@dataclass
class PrintedTable:
    """A table to give to `Console.print`.

    Attributes:
        title: A line above it.
        columns: From left to right.
        num_keys: How many of the first columns name a row, and stand in every part.
    """

    title: str
    columns: Sequence[Column]
    num_keys: int = 1
    _rows: list[tuple[list[Text], str]] = field(default_factory=list)
    _ends: set[int] = field(default_factory=set)

    def add(self, *cells: str | Text, style: str = "") -> None:
        """Add a row; a cell that is a string is no markup."""
        assert len(cells) == len(self.columns), (cells, self.columns)
        texts = [cell if isinstance(cell, Text) else Text(cell) for cell in cells]
        self._rows.append((texts, style))

    def end_section(self) -> None:
        """Let the rows that follow stand apart."""
        self._ends.add(len(self._rows))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The title, the table in one part or several, and what there was no room for."""
        if self.title:
            yield Text(self.title, style="table.title")
        shown = self._with_content()
        needed = self._total(self._wide(index) for index in shown)
        kept = self._without_spare(shown, options.max_width)
        for part in self._parts(kept, options.max_width):
            yield self._table(part, self._widths(part, options.max_width))
            yield Text()
        if left_out := [self.columns[index].heading for index in shown if index not in kept]:
            names = ", ".join(left_out)
            yield Text(f"no room for {names}; COLUMNS={needed} shows all", style="dim")

    def _with_content(self) -> list[int]:
        rows = [cells for cells, _ in self._rows]
        return [
            index
            for index in range(len(self.columns))
            if index < self.num_keys
            or not rows
            or any(cells[index].plain not in NOTHING for cells in rows)
        ]

    def _without_spare(self, shown: list[int], room: int) -> list[int]:
        kept = list(shown)
        while self._total(self._whole(index) for index in kept) > room:
            sparest = max(kept, key=lambda index: self.columns[index].spare)
            if not self.columns[sparest].spare:
                break
            kept.remove(sparest)
        return kept

    def _parts(self, kept: list[int], room: int) -> list[list[int]]:
        """One part, or as many as it takes; the keys are in each."""
        if self._total(map(self._least, kept)) <= room:
            return [kept]
        keys = [index for index in kept if index < self.num_keys]
        parts = [list(keys)]
        for index in kept[len(keys) :]:
            widths = [self._in_part(i, room) for i in [*parts[-1], index]]
            fits = self._total(widths) <= room
            if not fits and len(parts[-1]) > len(keys):
                parts.append(list(keys))
            parts[-1].append(index)
        return parts

    def _in_part(self, index: int, room: int) -> int:
        """With whole words, but for a key that would take more than a third of the room."""
        words = self._least_of_words(index)
        return max(self._least(index), min(words, room // 3)) if index < self.num_keys else words

    def _widths(self, part: list[int], room: int) -> list[int]:
        """Of text that must wrap the widest gives way: between words up to half of its width, then
        within them; what is left over goes to headings."""
        widths = {index: self._whole(index) for index in part}
        for least in (self._half, self._least):
            while self._total(widths.values()) > room:
                wrapping = [index for index in part if widths[index] > least(index)]
                if not wrapping:
                    break
                widths[max(wrapping, key=widths.__getitem__)] -= 1
        left = room - self._total(widths.values())
        for index in part:
            more = max(0, min(left, self._wide(index) - widths[index]))
            widths[index] += more
            left -= more
        return [widths[index] for index in part]

    def _table(self, part: list[int], widths: list[int]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False, show_edge=False)
        for index, width in zip(part, widths, strict=True):
            column = self.columns[index]
            table.add_column(
                _wrapped(Text(column.heading), width),
                width=width,
                justify="left" if column.is_text else "right",
                overflow="fold",
            )
        for number, (cells, style) in enumerate(self._rows, start=1):
            shown = [_wrapped(cells[i], width) for i, width in zip(part, widths, strict=True)]
            table.add_row(*shown, style=style, end_section=number in self._ends)
        return table

    def _total(self, widths: Iterable[int]) -> int:
        return sum(width + BETWEEN for width in widths) - BETWEEN

    def _wide(self, index: int) -> int:
        """With the heading on one line."""
        return max(self._whole(index), cell_len(self.columns[index].heading))

    def _whole(self, index: int) -> int:
        """With every cell on one line."""
        return max(self._cells(index), _longest(self.columns[index].heading.split()))

    def _half(self, index: int) -> int:
        """Half of a cell's words on a line, every word whole."""
        return max(self._least_of_words(index), (self._whole(index) + 1) // 2)

    def _least_of_words(self, index: int) -> int:
        """With every word whole."""
        return self._least_of(index, str.split)

    def _least(self, index: int) -> int:
        """With every piece of a word whole."""
        return self._least_of(index, _pieces)

    def _least_of(self, index: int, parts: Callable[[str], list[str]]) -> int:
        heading = _longest(parts(self.columns[index].heading))
        if not self.columns[index].wraps:
            return max(self._cells(index), heading)
        found = [part for cells, _ in self._rows for part in parts(cells[index].plain)]
        return max(heading, _longest(found))

    def _cells(self, index: int) -> int:
        return _longest(cells[index].plain for cells, _ in self._rows)


def _longest(words: Iterable[str]) -> int:
    return max((cell_len(word.rstrip()) for word in words), default=0)


def _pieces(line: str) -> list[str]:
    return [piece for piece in _BREAKS.split(line) if piece]


def _wrapped(cell: Text, width: int) -> Text:
    """With a line's end where the next word, or piece of a word too long, has no room."""
    if cell_len(cell.plain) <= width:
        return cell
    lines, line = [], ""
    for piece in _fitting_pieces(cell.plain, width):
        if line and cell_len((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return Text("\n".join([*lines, line.rstrip()]), style=cell.style)


def _fitting_pieces(line: str, width: int) -> Iterator[str]:
    for word in re.split(r"(?<=\s)", line):
        yield from [word] if cell_len(word.rstrip()) <= width else _pieces(word)
