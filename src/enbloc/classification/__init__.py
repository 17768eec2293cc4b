"""Step 3, what it is: the Extent, and every classification system as a rule table over it."""
