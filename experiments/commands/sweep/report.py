"""The page that a sweep leaves in its folder: best trials, importance, heat maps, curves."""

from pathlib import Path

from longtail.sweep.analysis.analysis import Analysis

REPORT = "report.html"


def write_report(directory: Path, analysis: Analysis) -> Path:
    """Write the page, whole or not at all, and return the file.

    Args:
        directory: The sweep's, which exists and has its name.
        analysis: What it shows.
    """
    from dashboards.pages import report
    from dashboards.sources.combine import combine
    from dashboards.sources.sweep import sweep_found

    report.write_report(combine("", [sweep_found(directory, analysis)]), directory / REPORT)
    return directory / REPORT
