"""How two customers are told apart: names, contact points, block keys and the score. Pure; `duplicates` is the door."""
