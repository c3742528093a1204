"""Everything that runs on Ray: nodes, their order, their workers."""
