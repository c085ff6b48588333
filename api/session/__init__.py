"""Browser sessions: a cookie in place of an API key."""
