"""`python -m gmmx` is the command line `gmmx`."""

from gmmx.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
