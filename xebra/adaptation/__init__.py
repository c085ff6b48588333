"""Adaptation of the default network to one instrument, from labelled pairs."""
