"""Category statistics for tests that care about the groups at most."""

import torch

from longtail.models.category_statistics import CategoryStatistics


def statistics_of(num_categories: int, first_rare: int | None = None) -> CategoryStatistics:
    """K categories of falling counts; those from a label on are rare, the others frequent."""
    first = num_categories if first_rare is None else first_rare
    # Also under torch.device("meta"), as a preflight builds engines.
    labels = torch.arange(num_categories, device="cpu")
    images = 2 ** (num_categories - labels)
    return CategoryStatistics(images, 3 * images, 2 * (labels < first), 2 ** (num_categories + 1))
