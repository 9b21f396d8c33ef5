"""A binary glTF 2.0 file with nodes and one animation: no meshes, no pictures."""

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FLOAT = 5126
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_TYPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


@dataclass
class Glb:
    """What goes into the file."""

    generator: str
    nodes: list[dict[str, Any]] = field(default_factory=list)
    channels: list[dict[str, Any]] = field(default_factory=list)
    samplers: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    def node(self, name: str, parent: int | None = None, place: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> int:
        """Add a node; its index."""
        self.nodes.append({"name": name, "translation": list(place)})
        if parent is not None:
            self.nodes[parent].setdefault("children", []).append(len(self.nodes) - 1)
        return len(self.nodes) - 1

    def animate(self, node: int, path: str, times: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        """`path` of a node goes through `[n, width]` values at `[n]` seconds, in straight lines."""
        sampler = {"input": self._accessor(times, bounds=True), "output": self._accessor(values)}
        self.samplers.append(sampler | {"interpolation": "LINEAR"})
        self.channels.append({"sampler": len(self.samplers) - 1, "target": {"node": node, "path": path}})

    def packed(self, roots: list[int], extensions: dict[str, Any]) -> bytes:
        """The file."""
        gltf = {
            "asset": {"version": "2.0", "generator": self.generator},
            "extensionsUsed": sorted(extensions), "extensions": extensions,
            "scene": 0, "scenes": [{"nodes": roots}], "nodes": self.nodes,
            "animations": [{"channels": self.channels, "samplers": self.samplers}],
            "accessors": self.accessors, "bufferViews": self.views, "buffers": [{"byteLength": len(self.data)}],
        }  # fmt: skip
        chunks = _chunk(_JSON, json.dumps(gltf, separators=(",", ":")).encode(), b" ") + _chunk(_BIN, self.data, b"\0")
        return b"glTF" + struct.pack("<II", 2, len(chunks) + 12) + chunks

    def _accessor(self, values: NDArray[np.float64], *, bounds: bool = False) -> int:
        floats = values.astype("<f4")
        width = 1 if floats.ndim == 1 else floats.shape[1]
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": floats.nbytes})
        self.data += floats.tobytes()
        found: dict[str, Any] = {"bufferView": len(self.views) - 1, "componentType": _FLOAT, "count": len(floats)}
        found["type"] = _TYPES[width]
        if bounds:
            found |= {"min": [float(floats.min())], "max": [float(floats.max())]}
        self.accessors.append(found)
        return len(self.accessors) - 1


def _chunk(kind: int, body: bytes | bytearray, filler: bytes) -> bytes:
    padded = bytes(body) + filler * (-len(body) % 4)
    return struct.pack("<II", len(padded), kind) + padded
