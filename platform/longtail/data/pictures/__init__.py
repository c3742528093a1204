"""The picture files of a data set: found, checked by their headers, and read as RGB.

- `files`: which file each image is; `faults`: what can be wrong with one, and the error for it.
- `opening`, `orientation`, `sizes`, `rgb`: one picture, opened and decoded; the loader uses these.
- `endings`, `header`, `memory`, `checks`: all pictures of a file checked, and remembered.
"""
