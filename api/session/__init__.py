"""Sign-in for people: an API key is shown once, then a cookie stands for it."""
