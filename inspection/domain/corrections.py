"""The layout in which people's decisions leave the log and come back as training photos.

A folder with `photos/` and INDEX: {"format", "version", "frame", "photos": [{"file", "inspection",
"verdict", "disposition", "width_px", "height_px", "body", "regions": [{"type", "source",
"outline_px"}]}]}. Coordinates belong to the upright photo; "body" is the same for photos of one
car body, "" when unknown. It holds no names, body numbers or times.
"""

INDEX = "corrections.json"
FORMAT, VERSION = "paint-line corrections", 1

# In which picture coordinates lie that leave the log: the photo as its EXIF orientation turns it.
FRAME = "upright"

# What our COCO export calls itself in `info.description`; `info.frame` holds FRAME.
COCO_PRODUCER = "paint-line inspection"
