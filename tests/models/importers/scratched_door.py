"""One scratch on one photo, as a mask and as COCO labels tell of it."""

import numpy as np

STREAK = (20, 30, 70, 3)
RING = [20, 30, 89, 30, 89, 32, 20, 32]
OTHER = [40, 60, 59, 60, 59, 69, 40, 69]


def coco(*annotations, photos=((1, "a.jpg"),), categories=((1, "scratch"), (2, "dent")), **more):
    return {
        "images": [{"id": number, "file_name": name} for number, name in photos],
        "categories": [{"id": number, "name": name} for number, name in categories],
        "annotations": [
            {"id": number, "category_id": 1, **annotation}
            for number, annotation in enumerate(annotations)
        ],
        **more,
    }


def scratch(image=1, ring=RING, **more):
    return {"image_id": image, "segmentation": [ring], **more}


def streak():
    plane = np.zeros((90, 120), bool)
    plane[30:33, 20:90] = True
    return plane
