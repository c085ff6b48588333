"""Series of frames that are appended while they are recorded."""
