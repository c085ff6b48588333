"""Two-headed networks in torch: one image into each head, features laid on each other and compared."""
