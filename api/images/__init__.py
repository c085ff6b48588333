"""Images: upload, look at, take back."""
