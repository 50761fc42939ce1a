"""`python -m keyhole`."""

from keyhole.cli.main import main

main()
