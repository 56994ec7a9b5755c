"""Run the command line, for ``python -m imgmatch``."""

from imgmatch.cli import main

if __name__ == "__main__":  # worker processes import this module too
    main()
