"""Commands of the library that ``xebra`` finds by their entry points."""
