"""Merges as rows of a grid's table: `experiments` asks for them, worker groups make them.

- `keys`, `words`: what a merge is asked for, in `--merge`, in a merge.yaml, or by a table.
- `merged_row`, `half_maps`: from the stores of its members to its own.
"""
