"""Simulated specimens, and their images by two instruments.

Needs torch alone. Everything is drawn in batches on the device of the generator that is handed in, so that
the same code feeds two CPU cores and a large GPU.
"""
