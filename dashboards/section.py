"""A part of a page that answers one question: figures, tables and notes under a heading."""

from dataclasses import dataclass
from typing import TypeAlias

from dashboards.figure import Figure
from dashboards.tables import Table


@dataclass(frozen=True)
class Note:
    """A sentence between figures; what is missing and why, or what to be careful about.

    Attributes:
        text: Plain words.
        kind: "note", "missing" or "warning".
    """

    text: str
    kind: str = "note"


@dataclass(frozen=True)
class Html:
    """What is no figure and no table, such as pictures.

    Attributes:
        name: Its place on the page.
        html: Made by one of our templates, which escape.
    """

    name: str
    html: str


Block: TypeAlias = Figure | Table | Note | Html


@dataclass(frozen=True)
class Section:
    """Attributes:
    name: Its place on the page, in links.
    title: The heading.
    text: What it answers, in a sentence.
    blocks: From above to below.
    """

    name: str
    title: str
    text: str
    blocks: tuple[Block, ...]
