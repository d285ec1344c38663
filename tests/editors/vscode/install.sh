#!/bin/sh
# Install VS Code (the server and the workbench that code-server packs) and what drives it, from the npm registry alone.
#     sh install.sh DIR [VERSION]
# DIR is outside the repository; where it is complete nothing is done (a few ms), else about 8 s. Needs node and npm.
# VERSION is code-server's: 4.100.3 is VS Code 1.100.3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$1
version=${2:-4.100.3}
# What the installed thing was made from; `complete` is written last.
wanted="$version $(cat "$here/package-lock.json" "$here/spdlog.js" "$here/install.sh" | cksum)"
[ "$(cat "$dir/complete" 2>/dev/null)" = "$wanted" ] && exit 0

export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
rm -rf "$dir/complete" "$dir/driver" "$dir/package" "$dir/vscode"
mkdir -p "$dir/driver"
cp "$here/package.json" "$here/package-lock.json" "$dir/driver/"
(cd "$dir/driver" && npm ci --ignore-scripts --silent)
# Only lib/vscode is used: code-server's own web server, with its dependencies, is not.
(cd "$dir" && npm pack "code-server@$version" --silent >/dev/null && tar xzf code-server-*.tgz package/lib/vscode && rm code-server-*.tgz)
mv "$dir/package/lib/vscode" "$dir/vscode"
rm -r "$dir/package"
# `npm ci` refuses the lock file that is in the package. Native parts are left out: terminals are not needed.
(cd "$dir/vscode" && npm install --ignore-scripts --omit=dev --silent)
cp "$here/spdlog.js" "$dir/vscode/node_modules/@vscode/spdlog/index.js"
echo "$wanted" >"$dir/complete"
