"""Smooth displacement fields between two images: their representation, resampling and files."""
