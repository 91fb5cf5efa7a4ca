"""Files of other programs: read, recognised, mapped and parsed here into staging rows; nothing here touches a book.

`intake.stage(paths, options)` is the way in. Applying staged rows to a book is a step of its own.
"""
