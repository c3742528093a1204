"""A matching that is kept, for more numbers.

- `table`, `files`: detection by detection, in memory and on disk.
- `matched_set`: a prediction set by masks and by boxes.
"""
