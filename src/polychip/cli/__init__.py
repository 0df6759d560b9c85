"""The `polychip` command line."""
