"""A grid or sweep while it runs, from what is on storage alone, on any machine that sees it.

- `tail`: new lines of a journal; `training`: what they say of a training.
- `watched`: which grid or sweep; `work`: its nodes, from its plan or from what is there.
- `sight`: all of it at one moment; `sweep`: the trials of a sweep; `follow`: again and again.
- `words`: what a terminal and a page say alike.
- `screen`: for a terminal; `page`: for a browser.
"""
