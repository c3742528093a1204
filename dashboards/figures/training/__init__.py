"""Figures of trainings.

- `lines`: the journals of trainings as one table, thinned, and how a line of it is drawn.
- `curves`, `rates`: losses and AP on the way; learning rate, images a second and the rest.
- `gantt`: when each node of a grid was at work; `clock`, `lanes`, `work_tables`: what it draws.
- `hours`: what the work cost, and what sharing saved.
"""
