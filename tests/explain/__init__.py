"""What images say of what they were made from, and what builds say of what changed."""
