"""Storage: rows, migrations, job state machine, image store."""
