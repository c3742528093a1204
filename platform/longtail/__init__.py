"""Training, evaluating and combining long-tail instance-segmentation models."""

import os

# Ray reads these once, when this or that part of it is imported, and any of our modules may be the
# first to do so; a user's own settings win.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
