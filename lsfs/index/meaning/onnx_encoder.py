"""A BERT-type sentence encoder's weights (safetensors) as one ONNX graph, without torch.

The graph takes ``input_ids`` and ``attention_mask`` (int64, [batch, tokens]) and gives
``embedding`` (float32, [batch, hidden], length 1): the encoder of Devlin et al. 2018, the mean over
the mask, and L2 normalisation (Reimers & Gurevych 2019). onnxruntime fuses the plain operators
once, when the file is made: to do so whenever it is loaded takes a third longer.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import ModelError

EXPECTED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
MASKED = -10_000.0
# The wide range after the first layer's GELU loses most by int8: that one product stays float.
KEPT_FLOAT = "encoder.layer.0.output.dense"


def build(folder: Path, target: Path) -> None:
    """Write the int8 graph of the model in ``folder`` to ``target``, atomically.

    Args:
        folder: holds ``config.json`` and ``model.safetensors``.
        target: the ONNX file; its folder is made if missing.

    Raises:
        ModelError: the model is not of the known architecture.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = _Graph(folder).model()
    # Shapes are fixed by construction: without this mark the quantiser asks for a pass over them.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".onnx")
    os.close(handle)
    draft = Path(name)
    try:
        quantize_dynamic(
            model,
            draft,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=[KEPT_FLOAT],
        )
        _fuse(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _fuse(graph: Path) -> None:
    """Put the operators of this version of onnxruntime in the place of plain ones."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # What is for one kind of processor only comes above this level.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(graph)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])


class _Graph:
    """Collects nodes and weights; each method adds one operator and gives its output's name."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        self._config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        for key, value in EXPECTED.items():
            if self._config.get(key, value) != value:
                raise ModelError(
                    f"{folder}: {key} is {self._config[key]!r}, only {value!r} is known"
                )
        self._weights: dict[str, NDArray[np.float32]] = {
            key.removeprefix("bert."): value.astype(np.float32)
            for key, value in load_file(folder / "model.safetensors").items()
            if value.dtype.kind == "f"
        }
        self._hidden = int(self._config["hidden_size"])
        self._heads = int(self._config["num_attention_heads"])
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def model(self) -> Any:
        """The whole graph as an ONNX model, checked."""
        import onnx
        from onnx import TensorProto, helper

        x = self._embeddings()
        mask = self._attention_mask()
        for layer in range(int(self._config["num_hidden_layers"])):
            x = self._layer(x, mask, f"encoder.layer.{layer}.")
        self._pool(x)
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (
                ("embedding", ["batch", self._hidden]),
                ("states", ["batch", "tokens", self._hidden]),
            )
        ]
        graph = helper.make_graph(
            self._nodes, "sentence_encoder", inputs, outputs, list(self._constants.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def _constant(self, array: NDArray[Any], name: str) -> str:
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def _integers(self, *values: int) -> str:
        return self._constant(np.array(values, np.int64), f"ints_{'_'.join(map(str, values))}")

    def _scalar(self, value: float) -> str:
        return self._constant(np.array(value, np.float32), f"scalar_{value}")

    def _weight(self, key: str) -> str:
        return self._constant(self._weights[key], key)

    def _add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        from onnx import helper

        output = name or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], output, **attributes))
        return output

    def _dense(self, x: str, key: str) -> str:
        # torch keeps a weight as [out, in]; MatMul wants [in, out].
        weight = self._constant(self._weights[f"{key}.weight"].T, f"{key}.weight")
        return self._add(
            "Add", self._weight(f"{key}.bias"), self._add("MatMul", x, weight, name=key)
        )

    def _norm(self, x: str, key: str) -> str:
        return self._add(
            "LayerNormalization",
            x,
            self._weight(f"{key}.weight"),
            self._weight(f"{key}.bias"),
            axis=-1,
            epsilon=float(self._config["layer_norm_eps"]),
        )

    def _embeddings(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        # One int8 scale a word makes the largest table a quarter of its size.
        scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-12) / 127
        table = self._constant(np.round(words / scale).astype(np.int8), "words_int8")
        rows = self._add("Cast", self._add("Gather", table, "input_ids"), to=1)
        scales = self._add(
            "Gather", self._constant(scale.astype(np.float32), "words_scale"), "input_ids"
        )
        # One segment only: its row of the token-type table joins the positions.
        positions = (
            self._weights["embeddings.position_embeddings.weight"]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        length = self._add("Gather", self._add("Shape", "input_ids"), self._integers(1))
        first = self._add(
            "Slice",
            self._constant(positions, "positions"),
            self._integers(0),
            length,
            self._integers(0),
        )
        x = self._add("Add", self._add("Mul", rows, scales), first)
        return self._norm(x, "embeddings.LayerNorm")

    def _attention_mask(self) -> str:
        wide = self._add("Unsqueeze", "attention_mask", self._integers(1))
        wide = self._add("Cast", self._add("Unsqueeze", wide, self._integers(2)), to=1)
        return self._add("Mul", self._add("Sub", self._scalar(1.0), wide), self._scalar(MASKED))

    def _split_heads(self, x: str, order: list[int]) -> str:
        shape = self._integers(0, 0, self._heads, self._hidden // self._heads)
        return self._add("Transpose", self._add("Reshape", x, shape), perm=order)

    def _layer(self, x: str, mask: str, prefix: str) -> str:
        query = self._split_heads(self._dense(x, f"{prefix}attention.self.query"), [0, 2, 1, 3])
        key = self._split_heads(self._dense(x, f"{prefix}attention.self.key"), [0, 2, 3, 1])
        value = self._split_heads(self._dense(x, f"{prefix}attention.self.value"), [0, 2, 1, 3])
        root = self._scalar(float(np.sqrt(self._hidden // self._heads)))
        scores = self._add("Div", self._add("MatMul", query, key), root)
        shares = self._add("Softmax", self._add("Add", scores, mask), axis=-1)
        mixed = self._add("Transpose", self._add("MatMul", shares, value), perm=[0, 2, 1, 3])
        flat = self._add("Reshape", mixed, self._integers(0, 0, self._hidden))
        y = self._dense(flat, f"{prefix}attention.output.dense")
        x = self._norm(self._add("Add", x, y), f"{prefix}attention.output.LayerNorm")
        y = self._dense(
            self._gelu(self._dense(x, f"{prefix}intermediate.dense")), f"{prefix}output.dense"
        )
        return self._norm(self._add("Add", x, y), f"{prefix}output.LayerNorm")

    def _gelu(self, x: str) -> str:
        erf = self._add("Erf", self._add("Div", x, self._scalar(float(np.sqrt(2)))))
        product = self._add("Mul", x, self._add("Add", erf, self._scalar(1.0)))
        return self._add("Mul", product, self._scalar(0.5))

    def _pool(self, x: str) -> None:
        keep = self._add("Unsqueeze", "attention_mask", self._integers(2))
        keep = self._add("Cast", keep, to=1)
        total = self._add("ReduceSum", self._add("Mul", x, keep), self._integers(1), keepdims=0)
        count = self._add("ReduceSum", keep, self._integers(1), keepdims=0)
        mean = self._add("Div", total, self._add("Max", count, self._scalar(1e-9)))
        self._add("LpNormalization", mean, name="embedding", axis=-1, p=2)
        self._add("LpNormalization", x, name="states", axis=-1, p=2)
