"""Many pairs: found by file names or a table, registered by worker processes, with state on disk."""
