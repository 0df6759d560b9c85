"""`python -m polychip`."""

if __name__ == "__main__":  # worker processes import this module under another name
    from polychip.cli.main import entry_point

    entry_point()
