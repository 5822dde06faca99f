"""``python -m gmmx.cli``: the command line without the script ``gmmx``."""

from gmmx.cli import main

if __name__ == "__main__":
    main()
