"""Events: state changes of the registrations, as they happen."""
