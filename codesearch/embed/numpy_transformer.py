"""Runs the bundled transformer with numpy alone, where onnxruntime has no wheel: the same vectors, in more time.

It reads the ONNX file itself and knows exactly the operators of a quantised BERT as `codesearch.embed.manage.export`
writes it. Activations are quantised as onnxruntime does it, per text, and products of integers are summed in float32,
where they are exact as long as a sum stays below 2 ** 24. What remains is the rounding of float32 sums, so an element
of a vector may differ in its last bit.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_TYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8"}
"""numpy's names of ONNX's element types."""
_STATES = "states"


class UnsupportedModelError(ValueError):
    """The model has an operator that only onnxruntime can run."""


@dataclass(frozen=True, slots=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, float]


def session(path: Path) -> Callable[[list[int]], Floats]:
    """Return a function from token ids to hidden states, float32 (tokens, dims). It may be called from several threads.

    Raises UnsupportedModelError for an unknown operator, OSError or ValueError for a file that cannot be read.
    """
    nodes, tensors = _read(path)
    if not any(_STATES in node.outputs for node in nodes):
        raise ValueError("no operator returns hidden states")
    unknown = sorted({node.operator for node in nodes} - _OPERATORS.keys())
    if unknown:
        raise UnsupportedModelError(f"its operators {', '.join(unknown)} can only be run by onnxruntime")
    for node in nodes:  # as float32, less the zero point, so that BLAS can multiply them
        weights = _WEIGHTS.get(node.operator)
        if weights:
            tensor, zero_point = (node.inputs[at] for at in weights)
            tensors[tensor] = tensors[tensor].astype(np.float32) - tensors[zero_point].astype(np.float32)

    def run(ids: list[int]) -> Floats:
        row = np.array(ids, np.int64)
        values = {**tensors, "input_ids": row, "token_type_ids": np.zeros_like(row), "attention_mask": row}
        for node in nodes:
            inputs = [values[name] if name else None for name in node.inputs]
            results = _OPERATORS[node.operator](inputs, node.attributes)
            values.update(zip(node.outputs, results, strict=False))
        states: Floats = values[_STATES]
        return states

    return run


def embeddings(path: Path) -> Callable[[list[int], list[int]], Floats]:
    """Return a function from token ids and their types to what the layers of a model read, float32 (tokens, dims).

    Raises OSError or ValueError for a file that cannot be read.
    """
    nodes, tensors = _read(path)
    node = next((node for node in nodes if node.operator == "QEmbedLayerNormalization"), None)
    if node is None:
        raise ValueError("no operator looks up tokens")
    constants = [tensors.get(name) for name in node.inputs[2:]]

    def look_up(ids: list[int], types: list[int]) -> Floats:
        found: Floats = _embed([np.array(ids), np.array(types), *constants], node.attributes)[0]
        return found

    return look_up


def _read(path: Path) -> tuple[list[_Node], dict[str, Any]]:
    """Return the operators in order, and the constants by name. Raises OSError or ValueError."""
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        return _graph(data)
    except (IndexError, KeyError) as error:
        raise ValueError(f"not an ONNX file ({error!r})") from error


# -- operators: inputs and attributes as ONNX and onnxruntime document them ------------------------------


def _cast(inputs: list[Any], attributes: dict[str, float]) -> tuple[Any, ...]:
    return (inputs[0],)  # from one type of integers to another


def _embed(inputs: list[Any], attributes: dict[str, float]) -> tuple[Any, ...]:
    """QEmbedLayerNormalization: the sum of three rows of tables, normalised."""
    ids, segments, scales, zero_points = inputs[0], inputs[1], inputs[8:13], inputs[13:18]
    rows = (inputs[2][ids], inputs[3][: len(ids)], inputs[4][segments], inputs[5], inputs[6])
    word, position, segment, weight, bias = (
        (row.astype(np.float32) - np.float32(zero)) * scale
        for row, scale, zero in zip(rows, scales, zero_points, strict=True)
    )
    return _normalised(word + position + segment, weight, bias, attributes), None


def _skip_normalise(inputs: list[Any], attributes: dict[str, float]) -> tuple[Any, ...]:
    """SkipLayerNormalization of (input, skip, weight, bias, bias of the input)."""
    value, skip, weight, bias, extra = inputs
    return (_normalised(value + extra + skip, weight, bias, attributes),)


def _normalised(value: Floats, weight: Floats, bias: Floats, attributes: dict[str, float]) -> Floats:
    mean = value.mean(axis=1, keepdims=True)
    centred = value - mean
    variance = np.square(centred).mean(axis=1, keepdims=True)
    result: Floats = centred / np.sqrt(variance + np.float32(attributes["epsilon"])) * weight + bias
    return result


def _quantise(inputs: list[Any], attributes: dict[str, float]) -> tuple[Any, ...]:
    """DynamicQuantizeLinear: (values from 0 to 255, still float32; scale; zero point)."""
    value = inputs[0]
    low, high = min(value.min(), np.float32(0)), max(value.max(), np.float32(0))
    scale = (high - low) / np.float32(255) or np.float32(1)
    zero = np.rint(np.clip(-low / scale, 0, 255))
    return np.clip(np.rint(value / scale) + zero, 0, 255), scale, zero


def _product(inputs: list[Any], attributes: dict[str, float]) -> tuple[Any, ...]:
    """DynamicQuantizeMatMul of (value, weights less their zero point, scale of each column)."""
    quantised, scale, zero = _quantise(inputs, attributes)
    return ((quantised - zero) @ inputs[1] * (scale * inputs[2]),)


def _attention(inputs: list[Any], attributes: dict[str, float]) -> tuple[Any, ...]:
    """QAttention without a mask; its weights hold the columns of query, key and value."""
    quantised, weights, bias, scale, weight_scale, _, zero, *_ = inputs
    all_three = (quantised - zero) @ weights * (scale * weight_scale) + bias
    heads = int(attributes["num_heads"])
    query, key, value = (
        part.reshape(len(part), heads, -1).swapaxes(0, 1) for part in np.split(all_three, 3, axis=1)
    )  # each (heads, tokens, dims of a head)
    scores = query @ key.swapaxes(1, 2) / np.sqrt(np.float32(query.shape[2]))
    scores = np.exp(scores - scores.max(axis=2, keepdims=True))
    scores /= scores.sum(axis=2, keepdims=True)
    return ((scores @ value).swapaxes(0, 1).reshape(len(quantised), -1),)


def _gelu(inputs: list[Any], attributes: dict[str, float]) -> tuple[Any, ...]:
    """BiasGelu: x / 2 (1 + erf(x / sqrt 2)), with erf to 1.5e-7 (Abramowitz and Stegun 7.1.26)."""
    value = inputs[0] + inputs[1]
    size = np.abs(value) * np.float32(2**-0.5)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.full_like(t, 1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series *= t
        series += np.float32(factor)
    series *= t
    erf = np.copysign(1 - series * np.exp(-size * size), value)
    return (np.float32(0.5) * value * (1 + erf),)


_OPERATORS: dict[str, Callable[[list[Any], dict[str, float]], tuple[Any, ...]]] = {
    "Cast": _cast,
    "QEmbedLayerNormalization": _embed,
    "SkipLayerNormalization": _skip_normalise,
    "DynamicQuantizeLinear": _quantise,
    "DynamicQuantizeMatMul": _product,
    "QAttention": _attention,
    "BiasGelu": _gelu,
}
_WEIGHTS = {"DynamicQuantizeMatMul": (1, 3), "QAttention": (1, 7)}
"""Which inputs of an operator are its weights and their zero points."""


# -- the file: protocol buffers, of which ONNX needs numbers and runs of bytes ---------------------------


def _graph(model: memoryview) -> tuple[list[_Node], dict[str, Any]]:
    """Return the operators in order, and the constants by name."""
    (graph,) = (value for field, value in _fields(model) if field == 7)
    nodes: list[_Node] = []
    tensors: dict[str, Any] = {}
    for field, value in _fields(graph):
        if field == 1:
            nodes.append(_node(value))
        elif field == 5:
            name, tensor = _tensor(value)
            tensors[name] = tensor
    return nodes, tensors


def _node(data: memoryview) -> _Node:
    inputs: list[str] = []
    outputs: list[str] = []
    operator = ""
    attributes: dict[str, float] = {}
    for field, value in _fields(data):
        if field in (1, 2):
            (inputs if field == 1 else outputs).append(_text(value))
        elif field == 4:
            operator = _text(value)
        elif field == 5:
            parts = dict(_fields(value))
            if 2 in parts:
                attributes[_text(parts[1])] = float(np.frombuffer(parts[2], "<f4")[0])
            elif 3 in parts:
                attributes[_text(parts[1])] = float(parts[3])
    return _Node(operator, tuple(inputs), tuple(outputs), attributes)


def _tensor(data: memoryview) -> tuple[str, Any]:
    """Return the name and the values of a constant; a single number has no dimensions."""
    shape: list[int] = []
    kind = 1
    name = ""
    values: Any = None
    for field, value in _fields(data):
        if field == 1:
            shape += [value] if isinstance(value, int) else _numbers(value)
        elif field == 2:
            kind = value
        elif field == 4:
            values = np.frombuffer(value, "<f4")
        elif field == 5:
            values = np.array([value] if isinstance(value, int) else _numbers(value), _TYPES[kind])
        elif field == 8:
            name = _text(value)
        elif field == 9:
            values = np.frombuffer(value, _TYPES[kind])
    return name, values.reshape(shape) if shape else values[0]


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield (number, value) of each field of a message."""
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        kind = key & 7
        if kind == 0:
            value: Any
            value, at = _number(data, at)
        else:
            if kind == 2:
                size, at = _number(data, at)
            else:
                size = {1: 8, 5: 4}[kind]
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def _number(data: memoryview, at: int) -> tuple[int, int]:
    """Return the number that starts at a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _numbers(data: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(data):
        number, at = _number(data, at)
        found.append(number)
    return found


def _text(value: memoryview) -> str:
    return bytes(value).decode("utf-8")
