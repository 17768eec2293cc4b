"""Everything that the report draws: charts, slices, surfaces."""
