"""Members of a merge, chosen from a pool on one half of a data set and reported on the other.

- `request`: what is asked for, and the folder that remembers it.
- `pool`, `greedy`, `journal`: what is judged, the choice, and what a rerun goes on from.
- `halves`: both halves of the images, opened when something is to be judged.
- `job`, `console`: one selection from a request to a finished folder.
"""
