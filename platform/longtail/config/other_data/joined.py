"""Files whose images a stage learns from beside those of the training file."""

from pydantic import NonNegativeFloat, PositiveInt

from longtail.config.augmentations import Augmentation
from longtail.config.base import Config
from longtail.config.other_data.file_name import FileName


class JoinedFile(Config):
    """Images of another annotation file, learned from beside those of the training file.

    Categories are those of the training file by synset. Samplers, class statistics and partners of
    mixes go by the training file alone.
    """

    file: FileName
    """Name of a file given with `--also`."""
    images_per_epoch: PositiveInt | None = None
    """So many of its images are drawn anew for each epoch of the sampler; None takes all."""
    loss_weight: NonNegativeFloat = 1.0
    """lambda: factor of all losses of these images."""
    augmentations: tuple[Augmentation, ...] | None = None
    """What happens to these images; None does what happens to the training file's."""
