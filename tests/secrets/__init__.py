"""What is secret gets to the steps that need it, and nowhere else."""
