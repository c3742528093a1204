"""What is said of a tuning in sentences."""

from dashboards.figures.search.looks import heading
from dashboards.sources.tuning import Tuning
from longtail.metrics import UNDEFINED, points_text


def summary(tuning: Tuning) -> str:
    """How many merges were tried, and the best one on the half that is tuned on."""
    failed = sum(trial.state == "failed" for trial in tuning.trials)
    number = f"{len(tuning.trials)} {'trial' if len(tuning.trials) == 1 else 'trials'}"
    counts = f"{number}, {failed} of them no merge." if failed else f"{number}."
    best = next((of for of in tuning.trials if of.number == tuning.best), None)
    if best is None:
        return f"{counts} No trial is a merge."
    metrics = tuning.report["best"]["result"] if tuning.report else best.metrics
    values = ", ".join(
        f"{heading(metric)} {points_text(metrics.get(metric, UNDEFINED))}"
        for metric in tuning.metrics
    )
    rare, common = tuning.chosen[best.number]
    return (
        f"{counts} Best on the half that is tuned on: trial {best.number}, {values}, with margins"
        f" {rare:.3g} rare and {common:.3g} common."
    )


def verdict(tuning: Tuning) -> str:
    """Whether the winner is better than the start on the other half; empty without intervals."""
    gain = tuning.report.get("tuned_minus", {}).get("start", {}).get("AP")
    if gain is None or gain["standard_error"] == UNDEFINED:
        return ""
    low, high = 100 * gain["low"], 100 * gain["high"]
    span = f"{100 * gain['difference']:+.2f} AP, {low:+.2f} to {high:+.2f}"
    if low > 0:
        return f"On the other half the winner is better than the start: {span}."
    found = "is lower than" if high < 0 else "is not told apart from"
    return f"On the other half the winner {found} the start: {span}."


def about_the_cap(tuning: Tuning) -> str:
    """In how many images margins act; empty before the end."""
    report = tuning.report
    over = report["best"]["result"].get("images_over_the_cap") if report else None
    if over is None:
        return ""
    cap = tuning.request["settings"]["max_dets"]
    where = f"{over} of {report['images_tuned_on']} images exceed the cap of {cap} detections"
    if over:
        return f"{where} in the half that was tuned on; margins act there alone."
    return f"{where} in the half that was tuned on: margins change nothing, so none were tried."
