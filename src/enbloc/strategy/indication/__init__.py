"""Is en bloc right at all, and what stands beside it?"""
