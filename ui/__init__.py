"""What people see. Knows services and models.values, nothing else."""
