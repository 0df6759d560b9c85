"""The way in: annotations made elsewhere, in pixels of georeferenced images."""
