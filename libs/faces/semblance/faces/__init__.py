"""Faces in, numbers out: detection, alignment, embeddings and quality. Knows no topic and no user.

`semblance.faces.choice.load_engine` and `semblance.faces.deepface_engine.DeepFaceEngine` are imported by name, because
DeepFace is optional at run time.
"""

from semblance.faces.alignment import ARCFACE_SIZE_PX, ARCFACE_TEMPLATE, align, similarity_transform
from semblance.faces.arrays import Box, Embedding, Face, Points, RgbU8
from semblance.faces.engine import SFACE_FILE, YUNET_FILE, FaceEngine, similarity, unit
from semblance.faces.errors import FaceModelMissing, FaceModelUnusable, InvalidImage, InvalidLandmarks, UnknownFaceModel
from semblance.faces.mesh import FaceMesh, Mesh, eye_opening, five_points, mesh_pitch_deg, mesh_yaw_deg
from semblance.faces.model import MODELS, SFACE, FaceModel, model_named
from semblance.faces.opencv_engine import OpenCvFaceEngine
from semblance.faces.quality import Quality, pitch_ratio, quality, yaw_deg

__all__ = [
    "ARCFACE_SIZE_PX",
    "ARCFACE_TEMPLATE",
    "MODELS",
    "SFACE",
    "SFACE_FILE",
    "YUNET_FILE",
    "Box",
    "Embedding",
    "Face",
    "FaceEngine",
    "FaceMesh",
    "FaceModel",
    "FaceModelMissing",
    "FaceModelUnusable",
    "InvalidImage",
    "InvalidLandmarks",
    "Mesh",
    "OpenCvFaceEngine",
    "Points",
    "Quality",
    "RgbU8",
    "UnknownFaceModel",
    "align",
    "eye_opening",
    "five_points",
    "mesh_pitch_deg",
    "mesh_yaw_deg",
    "model_named",
    "pitch_ratio",
    "quality",
    "similarity",
    "similarity_transform",
    "unit",
    "yaw_deg",
]
