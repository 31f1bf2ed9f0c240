"""What a file or a variable is that is no layer or network, and what can be done about it."""
