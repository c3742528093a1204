"""A made-up long-tail data set that a CPU can learn.

- `plan`, `categories`, `dataset`: what each image shows, and the files.
- `scenes`, `shapes`, `textures`: painting it.
- `contours`: its polygons.
"""
