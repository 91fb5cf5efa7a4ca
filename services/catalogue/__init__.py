"""The catalogue: what we sell, by which unit, at which price."""
