"""Named measures, each with its counter-check. `report.run(work, name, options)` is the way in."""
