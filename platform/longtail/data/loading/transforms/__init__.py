"""Augmentation: what happens to a picture and to all that is annotated in it.

- `base`: what every transform offers; `build`: from a configuration to its transforms.
- Size: `resize`, `multi_scale`, `scale_jitter`, `large_scale_jitter`. Place: `crop`, `rotation`,
  `horizontal_flip`. Colours: `colour_jitter`, `blur`; `cutout` hides parts.
- `mixing`: those that need other pictures, or take their own apart.
"""
