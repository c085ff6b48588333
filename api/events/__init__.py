"""Events: what becomes of the jobs, as it happens."""
