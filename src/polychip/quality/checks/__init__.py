"""Label quality: layers of checks, each with an id, a severity, an explanation and a hint."""
