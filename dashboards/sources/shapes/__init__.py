"""The shapes of the JSON files that reports are made of: the fields that a page counts on.

- `results`: evaluations, tables of grids, nodes and their journals.
- `diagnosis`: why AP is what it is.
- `merges`: merges and searches of merges.
"""
