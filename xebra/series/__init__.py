"""Series of frames: registered when they are recorded, or followed while they are recorded."""
