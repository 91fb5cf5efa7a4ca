"""Sales: pipelines, and deals from the first talk to won or lost."""
