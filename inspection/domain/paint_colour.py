"""The paint colour of a photo, by a rule on its median colour. A rough one: lamps tint, and a
photo that shows much background is called by its background."""

import colorsys

PAINT_COLOURS = ("black", "grey", "silver_white", "red", "blue", "other")

# Below this share of the brightest channel a colour reads as grey.
LEAST_SATURATION = 0.30
# Brightest channel, 0–255: darker than the first is black whatever its tint; the second parts
# grey from silver and white, which exposure does not let be told apart.
BLACK_BELOW, SILVER_FROM = 55, 140


def paint_colour(red: float, green: float, blue: float) -> str:
    """One of PAINT_COLOURS for a median colour (0–255 each).

    Black where the brightest channel is below 55. Without colour (saturation below 0.30) grey
    below 140, else silver_white. Hue within 25° of red: red; 190–265°: blue; else other.
    """
    hue, saturation, brightest = colorsys.rgb_to_hsv(red, green, blue)
    if brightest < BLACK_BELOW:
        return "black"
    if saturation < LEAST_SATURATION:
        return "grey" if brightest < SILVER_FROM else "silver_white"
    degrees = hue * 360.0
    if degrees <= 25.0 or degrees >= 335.0:
        return "red"
    return "blue" if 190.0 <= degrees <= 265.0 else "other"
