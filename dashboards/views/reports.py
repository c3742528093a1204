"""Pages that commands left in a runs folder."""

import os
from pathlib import Path

NAMES = ("report.html", "analysis.html")
NOT_SEARCHED = ("nodes", "artifacts", "ray", "published", "comparisons", "tune")
"""Large, and without pages of their own."""
DEEPEST = 3


def newest_reports(runs: Path, most: int = 5) -> list[Path]:
    """The newest pages below a folder, newest first."""
    found: list[tuple[float, Path]] = []
    for folder, folders, files in os.walk(runs):
        depth = len(Path(folder).relative_to(runs).parts)
        folders[:] = [name for name in folders if name not in NOT_SEARCHED and depth < DEEPEST]
        for name in files:
            path = Path(folder) / name
            if name in NAMES and path.is_file():
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)[:most]]
