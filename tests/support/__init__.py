"""What tests share: small rasters and labels made on the spot, datasets read without Polychip."""
