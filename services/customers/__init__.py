"""The customer master: who the business sells to, and how twins are found."""
