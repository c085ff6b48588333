"""What who runs the service wants to see; needs the scope ``admin``."""
