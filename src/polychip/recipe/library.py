"""pydantic, imported as one: its Rust takes a Ctrl-C during its import for a fault of its own."""

from polychip.interrupts import ctrl_c_later

with ctrl_c_later():
    import pydantic
    import pydantic_core

__all__ = ["pydantic", "pydantic_core"]
