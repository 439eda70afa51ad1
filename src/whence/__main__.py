"""`python -m whence` is `whence`."""

from whence.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
