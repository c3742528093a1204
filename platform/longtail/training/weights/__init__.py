"""Weights around a training: those it starts from, those it leaves alone, those it leaves.

- `initial`: what is taken over from the stage before.
- `freezing`: the parts that stay as they are.
- `averaged`: the moving average of what learns.
"""
