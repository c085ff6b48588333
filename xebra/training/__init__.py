"""Training and scoring with a time limit. Needs torch and numpy only."""
