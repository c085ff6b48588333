"""Everything that remembers: rows, migrations, image store."""
