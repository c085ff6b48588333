"""Commands of ``xebra``. Heavy modules are imported when a command runs, so that every --help is quick."""
