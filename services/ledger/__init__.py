"""The general ledger: charts of accounts, and the one function that posts."""
