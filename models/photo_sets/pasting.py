"""A labelled mark lifted off one photo and laid onto another: the same surface with and without.

Copy-paste augmentation (Ghiasi et al., CVPR 2021), but only what the mark adds to its surface is
carried over, so that it takes the colour and light of where it lies.
"""

import cv2
import numpy as np

# Larger ones carry their own surroundings with them; below these there is nothing to see.
_LARGEST_SHARE = 0.05
_FEWEST_PX = 12
# What counts as its rim, and how far away the surface is taken from that the mark stands out of.
_RIM_PX = 7
_SURFACE_REACH_PX = 10.0
# Onto edges and patterns nothing is laid: mean Laplacian of the place, in levels.
_ROUGHEST = 6.0


def paste_mark(
    colour: np.ndarray,
    marked: np.ndarray,
    taught: np.ndarray,
    donor: np.ndarray,
    mark: np.ndarray,
    strength: float,
) -> np.ndarray | None:
    """The photo with the donor's mark on it, uint8 (H, W, 3), or None where it does not go there.

    colour, donor: uint8 (H, W, 3). marked: bool (H, W), where a defect lies or may lie already.
    taught: bool (H, W), where the photo's labels are sure. mark: bool (H, W), the donor's.
    strength: of the mark; 1 is as on the donor.
    """
    area = int(mark.sum())
    if not _FEWEST_PX <= area <= _LARGEST_SHARE * mark.size:
        return None
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM_PX, _RIM_PX))
    place = cv2.dilate(mark.view(np.uint8), rim)
    if (marked & (place > 0)).any() or not taught[place > 0].all():
        return None
    grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    rough = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    if cv2.mean(rough, place)[0] > _ROUGHEST:
        return None
    x, y, w, h = cv2.boundingRect(place)
    around = round(3 * _SURFACE_REACH_PX)
    window = np.s_[max(0, y - around) : y + h + around, max(0, x - around) : x + w + around]
    seen = donor[window].astype(np.float32)
    beside = 1.0 - place[window].astype(np.float32)
    reach = (0, 0), _SURFACE_REACH_PX
    known = cv2.GaussianBlur(beside, *reach)[..., None]
    surface = cv2.GaussianBlur(seen * beside[..., None], *reach) / np.maximum(known, 1e-3)
    # Far inside a wide mark no surface is known any more; there it is the photo's mean.
    surface = np.where(known > 0.02, surface, seen[beside > 0].mean(axis=0))
    covered = cv2.dilate(mark[window].view(np.uint8), np.ones((3, 3), np.uint8))
    opacity = cv2.GaussianBlur(covered.astype(np.float32), (0, 0), 1.2)[..., None] * strength
    pasted = colour.copy()
    pasted[window] = np.clip(colour[window] + opacity * (seen - surface), 0, 255).astype(np.uint8)
    return pasted
