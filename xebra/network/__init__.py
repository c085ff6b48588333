"""Two-headed networks in torch: one image into each head, features resampled and compared."""
