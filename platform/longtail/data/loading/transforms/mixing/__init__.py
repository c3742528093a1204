"""Transforms that need other training pictures, or take their own apart.

- `tiles`: scenes side by side on one canvas; `covers`: the pixels of instances in front.
- `mosaic`, `balanced_mosaic`, `copy_paste`: mixes of several pictures; `instance_jitter` moves the
  instances of one, over a background that `inpainting` makes.
"""
