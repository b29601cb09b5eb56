"""Faces in, numbers out: detection, alignment, embeddings and quality. Knows no topic and no user.

`semblance.faces.deepface_engine.DeepFaceEngine` is imported by name, because DeepFace is optional at run time.
"""

from semblance.faces.alignment import ARCFACE_SIZE_PX, ARCFACE_TEMPLATE, align, similarity_transform
from semblance.faces.arrays import Box, Embedding, Face, Points, RgbU8
from semblance.faces.engine import SFACE_FILE, YUNET_FILE, FaceEngine, similarity, unit
from semblance.faces.errors import FaceModelMissing, InvalidImage, InvalidLandmarks
from semblance.faces.opencv_engine import OpenCvFaceEngine
from semblance.faces.quality import Quality, pitch_ratio, quality, yaw_deg

__all__ = [
    "ARCFACE_SIZE_PX",
    "ARCFACE_TEMPLATE",
    "SFACE_FILE",
    "YUNET_FILE",
    "Box",
    "Embedding",
    "Face",
    "FaceEngine",
    "FaceModelMissing",
    "InvalidImage",
    "InvalidLandmarks",
    "OpenCvFaceEngine",
    "Points",
    "Quality",
    "RgbU8",
    "align",
    "pitch_ratio",
    "quality",
    "similarity",
    "similarity_transform",
    "unit",
    "yaw_deg",
]
