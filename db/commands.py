"""Commands of the database in ``xebra``; each imports its module when it runs, so that --help is quick."""


def admin(argv: list[str]) -> int:
    """Add instruments, add and revoke their API keys."""
    from db.admin import main

    return main(argv)


def audit(argv: list[str]) -> int:
    """Verify the audit: exit 0 if the chain is whole, 1 if an entry is altered or missing."""
    from db.audit_command import main

    return main(argv)
