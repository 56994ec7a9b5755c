"""``python -m imgmatch`` is the command line."""

from imgmatch.cli import main

if __name__ == "__main__":  # worker processes import this module too
    main()
