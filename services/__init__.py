"""What the business does: commands that change, queries that show. Knows no screen."""
