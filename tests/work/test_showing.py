"""What an admin is shown of a file that is held back."""

import cv2
import numpy as np

from cxr_core.work.incoming import showing


def test_a_large_picture_is_shown_smaller_and_a_small_one_as_it_is():
    for shape, expected in (((2800, 1400), (1400, 700)), ((30, 40), (30, 40)), ((5000, 1), (1400, 1))):
        jpeg = showing.jpeg_of(np.zeros(shape, np.uint8))
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).shape == expected
