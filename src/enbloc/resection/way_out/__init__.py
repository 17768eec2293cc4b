"""Can the specimen be brought out past the cord?"""
