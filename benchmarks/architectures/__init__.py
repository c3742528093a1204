"""What detectors are made of and what they cost, without any memory for their weights.

- `named`: the detectors, and what others have published about their networks.
- `count`: parameters and operations of one of them.
- `table`: the tables of docs/architectures.md; `__main__`: all of them in turn.
"""
