"""The embedded platform and the `ons` command."""
