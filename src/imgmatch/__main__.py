"""``python -m imgmatch`` is the command line."""

from imgmatch.cli import main

main()
