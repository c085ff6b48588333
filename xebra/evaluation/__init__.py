"""Scores, figures and calibration of a trained network. Simulated specimens need torch."""
