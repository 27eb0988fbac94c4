import cv2
import numpy as np

from inspection.imaging.cameras.stream import frame_of_stream


def test_a_frame_of_a_stream_comes_in_colour_and_none_of_what_is_no_stream(tmp_path):
    film = tmp_path / "film.avi"
    bgr = np.full((64, 96, 3), (20, 20, 220), np.uint8)
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 64))
    for _ in range(8):
        writer.write(bgr)
    writer.release()
    rgb = frame_of_stream(str(film), 5.0)
    assert rgb.shape == (64, 96, 3)
    assert rgb[..., 0].mean() > 200 and rgb[..., 2].mean() < 40
    film.write_bytes(b"no film")
    assert frame_of_stream(str(film), 5.0) is None
