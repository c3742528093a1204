"""The page that a search leaves in its folder: the other half, the front, values and margins."""

from pathlib import Path

from ensemble.tuning.report import PAGE


def write_page(out: Path) -> Path:
    """Write the page, whole or not at all, and return the file.

    Args:
        out: Folder of a search, which has ended.
    """
    from dashboards.pages.report import write_report
    from dashboards.sources.combine import combine
    from dashboards.sources.tuning import read_tuning

    write_report(combine("", [read_tuning(out)]), out / PAGE)
    return out / PAGE
