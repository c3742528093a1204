"""The study of a suppressed tail: rare categories that look almost as a frequent one does.

- `looks`, `set`: the data set.
- `rows`, `__main__`: the trainings, and the command.
"""
