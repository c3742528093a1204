"""Averages of finished trainings of one recipe.

- `ingredients`: the trainings, found and opened.
- `agreement`: what they must have in common, and in what they differ.
- `mean`: the mean of their weights.
- `soup`: all of it, and the node that keeps the mean.
- `next_grid`: how a grid predicts with it.
"""
