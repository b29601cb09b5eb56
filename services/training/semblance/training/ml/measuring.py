"""What a photo is like to learn from. Only sharpness and light need the photo opened; no face is looked for again."""

from __future__ import annotations

import numpy as np

from semblance.faces import Box, Face, quality
from semblance.training.domain.dataset import PhotoFacts
from semblance.training.ml.crops import decode
from semblance.training.ports import Photo, PhotoOnFile


class FacePhotoMeter:
    """See ports.PhotoMeter."""

    def measure(self, on_file: PhotoOnFile, photo: Photo) -> PhotoFacts:
        """Raises UnreadablePhoto, InvalidLandmarks."""
        points = np.asarray(photo.landmarks, np.float32).reshape(5, 2)
        low, high = points.min(axis=0), points.max(axis=0)
        box = Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
        found = quality(decode(photo.data), Face(box, points, 1.0))
        return PhotoFacts(
            photo_id=on_file.photo_id,
            face_px=on_file.face_px,
            sharpness=found.sharpness,
            brightness_0_1=found.brightness_0_1,
            yaw_deg=found.yaw_deg,
            pitch_ratio=found.pitch_ratio,
            others=on_file.others,
            dhash=on_file.dhash,
        )
