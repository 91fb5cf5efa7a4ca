"""Companies, branches, users, roles, rates, banks and number series."""
