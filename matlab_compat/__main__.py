"""``python -m matlab_compat``: the command line where its script is not on the path."""

from .front import main

if __name__ == "__main__":
    main()
