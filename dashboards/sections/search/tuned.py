"""What a tuning of a merge found, and whether the half that it did not see agrees."""

from dashboards.section import Block, Note, Section
from dashboards.sections.search.searches import searches
from dashboards.sections.search.tuning_tables import (
    difference_table,
    failed_table,
    front_table,
    held_out_table,
    trial_table,
)
from dashboards.sections.search.tuning_words import summary, verdict
from dashboards.sources.found import Report
from dashboards.sources.tuning import Tuning


def tuned(report: Report) -> Section | None:
    """The tunings of a report."""
    blocks: list[Block] = []
    for search in searches(report):
        if search.tuning is not None:
            blocks += search.told_apart(_blocks(search.tuning, search.suffix))
    if not blocks:
        return None
    text = "Which merge is best, and whether the images that were not tuned on agree."
    return Section("tuning", "Tuning", text, (*blocks,))


def _blocks(tuning: Tuning, suffix: str) -> list[Block]:
    blocks: list[Block] = [Note(summary(tuning))]
    report = tuning.report
    if text := verdict(tuning):
        blocks.append(Note(text))
    if report:
        blocks.append(held_out_table(tuning, suffix))
    if report.get("tuned_minus"):
        blocks.append(difference_table(tuning, suffix))
    if tuning.chosen:
        blocks.append(trial_table(tuning, suffix))
    if len(report.get("pareto", {}).get("members", ())) > 1:
        blocks.append(front_table(tuning, suffix))
    elif report:
        first, *others = tuning.objectives
        text = f"No merge gives up {first} for {', '.join(others)}: the front is the winner."
        blocks.append(Note(text))
    if any(trial.state == "failed" for trial in tuning.trials):
        blocks.append(failed_table(tuning, suffix))
    return blocks
