"""Converts MediaPipe's face mesh to ONNX:
`python build_face_mesh.py face_landmark_with_attention.tflite face_mesh.onnx`.

A tool, not part of the platform: it needs the packages `tflite` and `flatbuffers` (readers of the format) beside numpy
and onnx. NOTICE says where the input comes from. Kept are the mesh, its score and both eyes; lips and irises are left
out. Weights stay the 16-bit floats that they are; only the layout changes, from rows, columns, channels to channels
first. Three operators are MediaPipe's own: a crop around an eye, found from the mesh, is a matrix that turns, scales
and shifts; here it is (2, 2) numbers and an offset, for row vectors.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tflite
from flatbuffers import flexbuffers
from onnx import TensorProto, helper, numpy_helper

OUTPUTS = {
    "output_mesh_identity": ("mesh", [1, 1404, 1, 1]),
    "conv_faceflag": ("score", [1, 1, 1, 1]),
    "output_left_eye": ("right_eye", [1, 71, 2]),  # MediaPipe's left is the picture's, ours the person's own
    "output_right_eye": ("left_eye", [1, 71, 2]),
}
_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}
_CHANNELS_FIRST = (0, 3, 1, 2)


class Converter:
    """One graph; tensors keep their numbers as names, t0, t1, ..."""

    def __init__(self, data: bytes) -> None:
        self._model = tflite.Model.GetRootAs(data, 0)
        self._graph = self._model.Subgraphs(0)
        self._nodes: list[Any] = []
        self._weights: dict[str, Any] = {}
        self._constants: dict[int, Any] = {}
        self._operators = [self._graph.Operators(k) for k in range(self._graph.OperatorsLength())]

    def model(self) -> Any:
        """The ONNX model: (1, 3, 192, 192) RGB 0 to 1 in; points in px of that, and a logit, out."""
        ends = {int(i): self._graph.Tensors(int(i)).Name().decode() for i in self._graph.OutputsAsNumpy()}
        kept = {i: OUTPUTS[name] for i, name in ends.items() if name in OUTPUTS}
        for op in self._leading_to(set(kept)):
            self._convert(op)
        self._nodes += [helper.make_node("Identity", [f"t{i}"], [name]) for i, (name, _) in kept.items()]
        side = [1, 3, *(int(n) for n in self._graph.Tensors(int(self._graph.Inputs(0))).ShapeAsNumpy()[1:3])]
        graph = helper.make_graph(
            self._nodes,
            "face_mesh",
            [helper.make_tensor_value_info(f"t{int(self._graph.Inputs(0))}", TensorProto.FLOAT, side)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in kept.values()],
            list(self._weights.values()),
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(made)
        return made

    def _leading_to(self, wanted: set[int]) -> list[Any]:
        """The operators that these tensors need, in their order."""
        kept = []
        for op in reversed(self._operators):
            if int(op.Outputs(0)) in wanted:
                wanted |= {int(i) for i in op.InputsAsNumpy()}
                kept.append(op)
        return kept[::-1]

    def _convert(self, op: Any) -> None:
        code = self._model.OperatorCodes(op.OpcodeIndex())
        kind = _NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        into, out = [int(i) for i in op.InputsAsNumpy()], int(op.Outputs(0))
        if kind == "CUSTOM":
            kind = code.CustomCode().decode()
        known = {
            "DEQUANTIZE": self._dequantize,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "PRELU": self._prelu,
            "ADD": self._sum,
            "MUL": self._product,
            "MAX_POOL_2D": self._pool,
            "PAD": self._pad,
            "RESHAPE": self._reshape,
            "STRIDED_SLICE": self._same,  # of everything
            "Landmarks2TransformMatrix": self._crop_matrix,
            "TransformTensorBilinear": self._crop,
            "TransformLandmarks": self._back,
        }
        if kind not in known:
            raise SystemExit(f"an operator that this tool does not know: {kind}")
        known[kind](op, into, out)

    def _dequantize(self, _op: Any, into: list[int], out: int) -> None:
        self._constants[out] = self._constant(into[0])

    def _convolution(self, op: Any, into: list[int], out: int) -> None:
        o = _options(op, tflite.Conv2DOptions)
        self._conv(o, self._constant(into[1]).transpose(_CHANNELS_FIRST), 1, into, out)

    def _depthwise(self, op: Any, into: list[int], out: int) -> None:
        kernel = self._constant(into[1]).transpose(3, 0, 1, 2)
        self._conv(_options(op, tflite.DepthwiseConv2DOptions), kernel, len(kernel), into, out)

    def _conv(self, o: Any, kernel: Any, group: int, into: list[int], out: int) -> None:
        names = [self._weight(f"w{into[1]}", kernel), self._weight(f"w{into[2]}", self._constant(into[2]))]
        steps = [o.StrideH(), o.StrideW()]
        self._node("Conv", [f"t{into[0]}", *names], f"t{out}", strides=steps, auto_pad=_pads(o), group=group)

    def _prelu(self, _op: Any, into: list[int], out: int) -> None:
        slope = self._weight(f"w{into[1]}", self._constant(into[1]).reshape(-1, 1, 1))
        self._node("PRelu", [f"t{into[0]}", slope], f"t{out}")

    def _sum(self, op: Any, into: list[int], out: int) -> None:
        _options(op, tflite.AddOptions)
        self._node("Add", [f"t{i}" for i in into], f"t{out}")

    def _product(self, _op: Any, into: list[int], out: int) -> None:
        """By one number; a matrix by one and its offset by another: only its first two rows are ever used."""
        factors = self._constant(into[1]).astype(np.float32).reshape(-1)[:8]
        if self._is_matrix(into[0]):
            if len({factors[k] for k in (0, 1, 4, 5)}) > 1 or factors[3] != factors[7]:
                raise SystemExit("a matrix is scaled unevenly, which this tool does not know")
            self._node("Mul", [f"b{into[0]}", self._number(factors[0])], f"b{out}")
            self._node("Mul", [f"o{into[0]}", self._number(factors[3])], f"o{out}")
        else:
            self._node("Mul", [f"t{into[0]}", self._number(factors[0])], f"t{out}")

    def _pool(self, op: Any, into: list[int], out: int) -> None:
        o = _options(op, tflite.Pool2DOptions)
        size, steps = [o.FilterHeight(), o.FilterWidth()], [o.StrideH(), o.StrideW()]
        self._node("MaxPool", [f"t{into[0]}"], f"t{out}", kernel_shape=size, strides=steps, auto_pad=_pads(o))

    def _pad(self, _op: Any, into: list[int], out: int) -> None:
        before, after = self._constant(into[1])[list(_CHANNELS_FIRST)].T
        pads = self._weight(f"w{into[1]}", np.concatenate([before, after]).astype(np.int64))
        self._node("Pad", [f"t{into[0]}", pads], f"t{out}")

    def _reshape(self, _op: Any, into: list[int], out: int) -> None:
        """Only of vectors with one row and column, where channels first changes nothing."""
        shape = self._graph.Tensors(out).ShapeAsNumpy().astype(np.int64)
        if len(shape) == 4:
            self._node("Identity", [f"t{into[0]}"], f"t{out}")
        else:
            self._node("Reshape", [f"t{into[0]}", self._weight(f"s{out}", shape)], f"t{out}")

    def _same(self, _op: Any, into: list[int], out: int) -> None:
        self._node("Identity", [f"t{into[0]}"], f"t{out}")

    def _crop_matrix(self, op: Any, into: list[int], out: int) -> None:
        """From px of the crop to cells of the features: around these points, with their eye's corners level."""
        p = flexbuffers.Loads(bytes(op.CustomOptionsAsNumpy()))
        if p["target_rotation_radians"] or p["output_width"] != p["output_height"] or p["scale_x"] != p["scale_y"]:
            raise SystemExit("a crop that this tool does not know")
        side = float(p["output_width"])
        self._nodes += _crop_nodes(
            f"t{into[0]}",
            str(out),
            ends=self._weight(f"e{out}", np.array([p["left_rotation_idx"], p["right_rotation_idx"]], np.int64)),
            around=self._weight(f"a{out}", np.array(p["subset_idxs"], np.int64).reshape(-1)),
            xy=self._weight("xy", np.array([0, 1], np.int64)),
            quarter_turn=self._weight("turn", np.array([[0, 1], [-1, 0]], np.float32)),
            half=self._number(0.5),
            scale=self._number(float(p["scale_x"]) / side),
            middle=self._weight(f"m{out}", np.full((1, 2), side / 2, np.float32)),
        )

    def _crop(self, _op: Any, into: list[int], out: int) -> None:
        """Bilinear, between the middles of cells."""
        high, wide, _ = (int(n) for n in self._graph.Tensors(out).ShapeAsNumpy()[1:])
        cells = np.stack(np.meshgrid(np.arange(wide) + 0.5, np.arange(high) + 0.5), axis=-1).reshape(-1, 2)
        shape = self._weight(f"s{out}", np.array([1, high, wide, 2], np.int64))
        step = self._number(2 / int(self._graph.Tensors(into[0]).ShapeAsNumpy()[1]))
        self._node("MatMul", [self._weight("cells", cells.astype(np.float32)), f"b{into[1]}"], f"g{out}")
        self._node("Add", [f"g{out}", f"o{into[1]}"], f"h{out}")
        self._node("Mul", [f"h{out}", step], f"i{out}")
        self._node("Sub", [f"i{out}", self._number(1.0)], f"j{out}")
        self._node("Reshape", [f"j{out}", shape], f"k{out}")
        self._node("GridSample", [f"t{into[0]}", f"k{out}"], f"t{out}", mode="bilinear", align_corners=0)

    def _back(self, _op: Any, into: list[int], out: int) -> None:
        self._node("MatMul", [f"t{into[0]}", f"b{into[1]}"], f"g{out}")
        self._node("Add", [f"g{out}", f"o{into[1]}"], f"t{out}")

    def _node(self, kind: str, inputs: list[str], out: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [out], **attributes))

    def _is_matrix(self, index: int) -> bool:
        return any(f"b{index}" in node.output for node in self._nodes)

    def _constant(self, index: int) -> Any:
        if index in self._constants:
            return self._constants[index]
        tensor = self._graph.Tensors(index)
        kinds = {tflite.TensorType.FLOAT16: np.float16, tflite.TensorType.FLOAT32: np.float32}
        data = self._model.Buffers(tensor.Buffer()).DataAsNumpy()
        return data.view(kinds.get(tensor.Type(), np.int32)).reshape(tensor.ShapeAsNumpy())

    def _number(self, value: float) -> str:
        return self._weight(f"number_{value:.9g}", np.float32(value))

    def _weight(self, name: str, value: Any) -> str:
        """The name of a constant; 16-bit ones are widened when the model is loaded."""
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.array(value, order="C"), name)
            if value.dtype == np.float16:
                self._node("Cast", [name], f"{name}_32", to=TensorProto.FLOAT)
        return f"{name}_32" if value.dtype == np.float16 else name


def _crop_nodes(points: str, key: str, **c: str) -> list[Any]:
    """Matrix b{key} (2, 2) and offset o{key} (1, 2), both for row vectors."""
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Gather", [points, c["xy"]], "flat", {"axis": 2}),
        ("Gather", ["flat", c["ends"]], "ends", {"axis": 1}),
        ("Gather", ["flat", c["around"]], "around", {"axis": 1}),
        ("Split", ["ends"], "from to", {"axis": 1}),
        ("Sub", ["to", "from"], "along", {}),
        ("ReduceL2", ["along"], "length", {"axes": [2], "keepdims": 1}),
        ("Div", ["along", "length"], "x_axis", {}),
        ("MatMul", ["x_axis", c["quarter_turn"]], "y_axis", {}),
        ("Concat", ["x_axis", "y_axis"], "axes", {"axis": 1}),
        ("Transpose", ["axes"], "level", {"perm": [0, 2, 1]}),
        ("MatMul", ["around", "level"], "turned", {}),
        ("ReduceMax", ["turned"], "high", {"axes": [1], "keepdims": 1}),
        ("ReduceMin", ["turned"], "low", {"axes": [1], "keepdims": 1}),
        ("Sub", ["high", "low"], "size", {}),
        ("Add", ["high", "low"], "both", {}),
        ("Mul", ["both", c["half"]], "centre_level", {}),
        ("MatMul", ["centre_level", "axes"], "centre", {}),
        ("Mul", ["size", c["scale"]], "step", {}),
        ("Transpose", ["step"], "steps", {"perm": [0, 2, 1]}),
        ("Mul", ["axes", "steps"], "b", {}),
        ("MatMul", [c["middle"], "b"], "to_middle", {}),
        ("Sub", ["centre", "to_middle"], "o", {}),
    ]
    own = {word for _, _, outs, _ in steps for word in outs.split()}

    def named(word: str) -> str:
        return f"{word}{key}" if word in {"b", "o"} else f"{word}_{key}"

    return [
        helper.make_node(kind, [named(i) if i in own else i for i in ins], [named(o) for o in outs.split()], **more)
        for kind, ins, outs, more in steps
    ]


def _options(op: Any, kind: Any) -> Any:
    table, options = op.BuiltinOptions(), kind()
    options.Init(table.Bytes, table.Pos)
    if options.FusedActivationFunction() != tflite.ActivationFunctionType.NONE:
        raise SystemExit("a fused activation, which this tool does not know")
    return options


def _pads(options: Any) -> str:
    return "SAME_UPPER" if options.Padding() == tflite.Padding.SAME else "VALID"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    paths = parser.parse_args()
    onnx.save(Converter(paths.source.read_bytes()).model(), str(paths.target))
