"""What is said of pictures: below them, and to those who cannot see them."""

from collections.abc import Sequence

from dashboards.counted import counted
from dashboards.pictures.categories import ChosenCategory
from dashboards.pictures.images import drawn
from dashboards.pictures.judging import Detection, Judgement, Verdict
from dashboards.pictures.opened import OpenTruth, ShownRow
from longtail.categories import GROUP_NAMES
from longtail.metrics import points_text

IN_FULL = {
    Verdict.FOUND: ("true positive", "true positives"),
    Verdict.WRONG: ("false positive", "false positives"),
    Verdict.IGNORED: ("ignored detection", "ignored detections"),
    Verdict.UNJUDGED: ("detection that is not judged", "detections that are not judged"),
}


def category_facts(opened: OpenTruth, category: ChosenCategory) -> str:
    """Its frequency group and training images, and why it is shown."""
    table, label = opened.truth.categories, category.label
    if not table.has_counts:
        return category.why
    count = int(table.image_count[label])
    group = GROUP_NAMES[str(table.frequency[label])]
    return f"{group}, {counted(count, 'training image')}; {category.why}"


def ap_text(row: ShownRow, category_id: int) -> str:
    """AP of a category in points; "" for a row that was not evaluated."""
    if not row.ap:
        return ""
    ap = row.ap.get(category_id)
    return "AP not defined" if ap is None else f"AP {points_text(ap)}"


def outcome(judgement: Judgement) -> str:
    """As in "2 TP, 1 FP, 1 missed"; of all detections, drawn or not."""
    counts = [(judgement.count(verdict), str(verdict)) for verdict in Verdict]
    parts = [f"{count} {word}" for count, word in (*counts, (len(judgement.missed), "missed"))]
    said = [part for part in parts if not part.startswith("0 ")]
    return ", ".join(said) or "nothing found"


def drawn_text(judgement: Judgement, score_above: float) -> str:
    """Which detections are drawn, where these are not all."""
    num_all, shown = len(judgement.detections), drawn(judgement, score_above)
    if len(shown) == num_all:
        return ""
    if shown[0].score < score_above:
        return f"all score under {score_above:g}, the best is drawn"
    return f"the best {len(shown)} of {num_all} are drawn"


def told_truth(name: str, num: int, where: str) -> str:
    """Ground truth in words."""
    return f"Ground truth of {name} in {where}: {counted(num, 'instance')}."


def told_row(name: str, row: str, judgement: Judgement, where: str, score_above: float) -> str:
    """What a row found, in words, with the scores of what is drawn."""
    shown = drawn(judgement, score_above)
    said = [_scores(verdict, shown) for verdict in Verdict]
    said.append(f"{len(judgement.missed)} missed" if judgement.missed else "")
    told = ", ".join(part for part in said if part) or "nothing found"
    more = len(judgement.detections) - len(shown)
    rest = f"; {more} more not drawn" if more else ""
    return f"{name} by {row} in {where}: {told}{rest}."


def score_text(score: float) -> str:
    """With two decimals; one that would be 0.00 is told by its bound."""
    return f"{score:.2f}" if score >= 0.005 else "<0.01"


def _scores(verdict: Verdict, shown: Sequence[Detection]) -> str:
    scores = [score_text(one.score) for one in shown if one.verdict == verdict]
    if not scores:
        return ""
    one, several = IN_FULL[verdict]
    word = one if len(scores) == 1 else several
    return f"{len(scores)} {word} (score {', '.join(scores)})"
