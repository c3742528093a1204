"""What a sampler makes of the long tail, known before training."""

from longtail.categories import FREQUENCY_GROUPS
from longtail.config.stages import Sampler
from longtail.data.annotations import Annotations
from longtail.data.samplers import build_stream, effective_counts


def images_per_epoch(
    annotations: Annotations, sampler: Sampler, use_empty: bool, seed: int
) -> dict[str, float]:
    """For each frequency group, the expected number of images of an epoch that show a category of
    it, mean over its categories; groups without a category are left out.

    Args:
        annotations: The training file.
        sampler: Which stream of images.
        use_empty: Whether images without instances are used, see `build_stream`.
        seed: Of the stream; an expectation does not depend on it.

    Raises:
        ValueError: No image is left.
    """
    categories = annotations.categories
    stream = build_stream(annotations, sampler, use_empty, seed)
    counts = effective_counts(annotations, stream, len(categories))
    groups = {letter: categories.group(letter) for letter in FREQUENCY_GROUPS}
    return {
        letter: round(float(counts[group].mean()), 3)
        for letter, group in groups.items()
        if group.any()
    }
