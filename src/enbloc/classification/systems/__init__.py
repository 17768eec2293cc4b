"""Every classification system as a rule table over the findings."""
