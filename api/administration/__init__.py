"""Usage statistics for the operator; they require the scope ``admin``."""
