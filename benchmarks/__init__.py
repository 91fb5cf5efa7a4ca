"""How fast and how good it is, beside the figures that it must reach; printed, not asserted."""
