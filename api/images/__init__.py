"""Images: upload, metadata, content, previews and tiles."""
