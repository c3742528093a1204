"""A picture with all that is annotated in it, before it becomes a sample.

- `geometry`, `masks`, `instances`: where things are, and what is left of them when they move.
- `scene`: the whole, which transforms change; `read`: from an annotation file, `joined`: from a
  joined one; `pictures`: all of them, and those of a mix.
"""
