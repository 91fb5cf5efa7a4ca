"""Values of the business: pure Python, no library, no table, no screen."""
