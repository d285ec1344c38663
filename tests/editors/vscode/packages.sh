#!/bin/sh
# Install the packages that editors/vscode is built and checked with, outside the repository.
#     sh packages.sh DIR
# Where DIR is complete nothing is done, else about 10 s.
set -eu
extension=$(cd "$(dirname "$0")/../../../editors/vscode" && pwd)
dir=$1
[ -e "$dir/complete" ] && exit 0
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
mkdir -p "$dir"
cp "$extension/package.json" "$extension/package-lock.json" "$dir/"
# esbuild's own installation script only tries out what npm has put in place.
(cd "$dir" && npm ci --ignore-scripts --silent)
: >"$dir/complete"
