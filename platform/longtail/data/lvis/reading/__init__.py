"""From an annotation file to columns, once: decoded, checked, mended where everybody needs it.

- `reader`: the whole file; `images`, `instances`: its lists as tables.
- `checks`, `geometry`, `federated`: what is wrong with them, and what they leave out of training.
"""
