"""Scores, figures and calibration of a trained network. Needs torch for the simulated specimens."""
