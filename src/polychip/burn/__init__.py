"""From edges to pixels: scan lines into runs, paint runs, count and encode objects; pure."""
