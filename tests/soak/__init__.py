"""The long runs of `python3 dev.py soak`: power cuts, kills, races, failing calls. Seeded; each has a short form that
tests/reliability runs with the same code.
"""
