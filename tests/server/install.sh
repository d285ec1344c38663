#!/bin/sh
# What the tests of vectors in Milvus need: the standalone server from its package, and the client.
# usage: install.sh PYTHON
set -eu

"$1" -m pip install --quiet 'milvus==2.3.5' 'pymilvus>=2.6'
