"""How we know: estimates with their doubt, verdicts, rules with a status, and the sources."""
