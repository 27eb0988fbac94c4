"""Other people's labelled photos, brought into the one internal layout of a photo set.

One module a format finds the photos and their labels (`SourcePhoto`), `importing` writes them.
"""
