"""Step 7, what to tell: the document, its charts and pictures, and the HTML page."""
