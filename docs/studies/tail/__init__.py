"""The study of the tail: `tail_on_synthetic.md`.

`set` cuts the data, `rows` are what is trained, `__main__` runs and reports them; `diagnosis` and
`gradients` say why.
"""
