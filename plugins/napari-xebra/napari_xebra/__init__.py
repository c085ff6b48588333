"""Xebra in napari: two image layers in, the moving one on the fixed one out."""
