"""Where chips lie, to which split they go, and that none leaks; pure."""
