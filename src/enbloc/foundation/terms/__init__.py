"""The field's words: levels, structures, histologies and the words of surgery."""
