"""What ``verify`` found, for people, for CI systems and for other tools."""
