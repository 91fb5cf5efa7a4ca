"""The steps that cross departments: a book is founded, a deal is won. Only these call several features."""
