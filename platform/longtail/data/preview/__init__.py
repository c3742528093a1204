"""What a stage will learn from, to be looked at before anything is trained.

- `samples`: the first samples of a stage, as the training gets them.
- `panel`: one sample as a picture; `sheet`: many of them in one file.
"""
