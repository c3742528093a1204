"""Worker groups that stay: Ray Train starts once for each, then they do task after task.

work_queue: an actor, what each group works on. worker: the loop that every rank runs. group: keeps
one group alive from the driver. pool: all groups of a run. tasks: what is handed over.
"""
