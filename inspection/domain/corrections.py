"""The layout in which people's decisions leave the log and come back as training photos.

A folder with `photos/` and INDEX: {"format", "version", "photos": [{"file", "inspection",
"verdict", "disposition", "width_px", "height_px", "body", "regions": [{"type", "source",
"outline_px"}]}]}. Coordinates belong to the upright photo; "body" is the same for photos of one
car body, "" when unknown. It holds no names, body numbers or times.
"""

INDEX = "corrections.json"
FORMAT, VERSION = "paint-line corrections", 1
