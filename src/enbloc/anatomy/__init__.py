"""Step 2, what is there: vertebral frames, canal, parts, tumour and neighbours, as one scene of plain data."""
