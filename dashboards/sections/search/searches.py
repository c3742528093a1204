"""The sweeps and tunings of a report, each with what tells it apart on a page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboards.figure import Figure
from dashboards.section import Block, Note
from dashboards.sources.found import Found, Report
from dashboards.sources.sweep import ANALYSIS
from dashboards.sources.tuning import TUNING, Tuning
from dashboards.tables import Table
from longtail.sweep.analysis.analysis import Analysis


@dataclass(frozen=True)
class Search:
    """A sweep or a tuning.

    Attributes:
        source: Where it was found.
        suffix: Of the names of its figures and tables: none for the first search of a page.
        is_alone: Whether there is no other search on the page.
    """

    source: Found
    suffix: str
    is_alone: bool

    @property
    def analysis(self) -> Analysis | None:
        """What is known about a sweep; None of a tuning."""
        held: Analysis | None = self.source.tree.get(ANALYSIS)
        return held

    @property
    def tuning(self) -> Tuning | None:
        """What is known about a tuning; None of a sweep."""
        held: Tuning | None = self.source.tree.get(TUNING)
        return held

    @property
    def words(self) -> str:
        """Its kind and name."""
        return f"{self.source.kind.capitalize()} {self.source.name}"

    def told_apart(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks, with the name of the search in their titles where there are several."""
        return [*blocks] if self.is_alone else [self._told_apart(block) for block in blocks]

    def _told_apart(self, block: Block) -> Block:
        if isinstance(block, Figure | Table):
            return replace(block, title=f"{self.words}: {block.title}")
        if isinstance(block, Note):
            return replace(block, text=f"{self.words}: {block.text}")
        return block


def searches(report: Report) -> list[Search]:
    """In the order of the report's sources."""
    held = [source for source in report.sources if {ANALYSIS, TUNING} & set(source.tree)]
    return [
        Search(source, f"-{number}" if number > 1 else "", len(held) == 1)
        for number, source in enumerate(held, 1)
    ]
