"""`--call=affected`: which images a change touches, on a real engine."""
