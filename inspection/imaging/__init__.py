"""Pictures: the decode gate, photo quality, encoding, and the only use of cv2 and Pillow here."""
