"""A result table as a CSV file."""

from pathlib import Path

import pandas as pd

from longtail.files import write_text


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a result table with its index: all digits, nothing where a number is undefined."""
    write_text(path, table.to_csv(lineterminator="\n"))
