"""Maps of classes: one PNG for each image, whose pixels are classes of stuff and things.

- `files`: which PNG belongs to an image; `classes`: its pixels.
- `facts`, `maps`: a folder of them, read once, checked and named by a digest.
"""
