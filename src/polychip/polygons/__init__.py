"""The way back: masks into georeferenced polygons, scene by scene and block by block."""
