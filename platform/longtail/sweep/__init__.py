"""Searching values of a variant with Ray Tune: trials are nodes of the cluster's ledger."""

import longtail.cluster  # noqa: F401  # It sets what Ray reads when it is imported.
