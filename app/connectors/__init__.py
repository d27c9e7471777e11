"""THE OUTSIDE: one folder per question that the house asks of somebody else."""
