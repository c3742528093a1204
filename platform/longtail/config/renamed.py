"""Fields that are somewhere else now: who gives an old one is told the new one."""

RENAMED = {
    "augmentation": (
        "augmentations, a list of transforms: augmentations.0.short_sides,"
        " augmentations.0.long_side_cap and augmentations.1.probability of the flip; as JSON"
        ' [{"name": "resize", "short_sides": [800], "long_side_cap": 1333},'
        ' {"name": "horizontal_flip", "probability": 0.5}]'
    ),
    "horizontal_flip": "augmentations.1.probability, of the transform horizontal_flip",
}
"""What each old field is now, by its name."""
