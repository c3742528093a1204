"""A difference of two models in words and points, for one line of a table."""

from longtail.evaluation.comparison import Difference
from longtail.evaluation.summary import UNDEFINED

HIGHER, LOWER, UNDECIDED = "higher", "lower", "not told apart"


def verdict(difference: Difference) -> str:
    """Whether model B is higher or lower than model A for real; "-" where undefined."""
    if difference.standard_error == UNDEFINED:
        return "-"
    if not difference.real:
        return UNDECIDED
    return HIGHER if difference.low > 0 else LOWER


def difference_cells(difference: Difference) -> tuple[str, str, str]:
    """Difference and interval in points, and the verdict."""
    if difference.standard_error == UNDEFINED:
        return "-", "-", "-"
    low, high = _signed(difference.low), _signed(difference.high)
    return _signed(difference.difference), f"{low} to {high}", verdict(difference)


def _signed(fraction: float) -> str:
    return f"{100 * fraction:+z.2f}"
