"""Billing: estimates, invoices, payments, and the one calculation of the product."""
