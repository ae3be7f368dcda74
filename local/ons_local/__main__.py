"""`python -m ons_local` is the `ons` command."""

from ons_local.cli import main

main()
