"""Labels: from geometries in their own CRS to flat, ordered edges in a scene's pixel space."""
