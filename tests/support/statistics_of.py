"""Category statistics for tests that care about the tail at most."""

import torch

from longtail.models.category_statistics import CategoryStatistics


def statistics_of(num_categories: int, first_of_tail: int | None = None) -> CategoryStatistics:
    """K categories of falling counts; the tail starts at a label, or is empty."""
    first = num_categories if first_of_tail is None else first_of_tail
    # Also under torch.device("meta"), as a preflight builds engines.
    labels = torch.arange(num_categories, device="cpu")
    images = 2 ** (num_categories - labels)
    return CategoryStatistics(labels >= first, images, 3 * images)
