"""From a network's answers to one transform, and how far to trust it. Needs no torch."""
