"""What the business is: tables, values and the guards that no command can pass."""
