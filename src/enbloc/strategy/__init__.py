"""Step 6, what to do: indication, approach and ranking."""
