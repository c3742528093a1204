"""Augmentation: what happens to the pixels of a picture and to the coordinates in it.

- `base`: what every transform offers; `geometry`: one affine map for all that has a place.
- `mixing`: those that need other pictures, or take their own apart.
- `build`: from a configuration to its transforms; `resize`, `horizontal_flip`: one file each.
"""
