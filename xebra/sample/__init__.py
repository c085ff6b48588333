"""A simulated pair with its truth: precipitates in an alloy, backscattered electrons and an X-ray map."""

from pathlib import Path

FOLDER = Path(__file__).parent
FIXED, MOVING, TRUTH = FOLDER / "fixed.tif", FOLDER / "moving.tif", FOLDER / "truth.json"
