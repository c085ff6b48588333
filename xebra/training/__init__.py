"""Training and scoring by the clock. Needs torch and numpy alone."""
