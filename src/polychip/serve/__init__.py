"""`polychip serve`: plans, previews and runs for another program, by JSON lines on two pipes.

docs/serve.md specifies what is said.
"""
