"""Rows with made-up diagnoses."""

from support.dashboards.made_diagnosis import made_diagnosis
from support.dashboards.made_results import made_evaluation

from dashboards.sources.found import Row


def made_diagnosed(*without: str | None) -> tuple[Row, ...]:
    """A row for each word.

    Args:
        *without: Letters of groups of which the row has nothing; None for a row without a
            diagnosis.
    """
    return tuple(
        Row(
            f"row_{number}",
            "variant",
            made_evaluation(20, 0.2 + 0.1 * number, seed=number),
            {} if word is None else made_diagnosis(number, word),
        )
        for number, word in enumerate(without)
    )
