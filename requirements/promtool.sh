#!/bin/sh
# Prometheus' promtool for the tests of the alert rules: the one that is installed; else the one in Debian's or Ubuntu's
# package, unpacked below .venv. Nothing is installed, and without it those tests are skipped, and say so.
set -eu
cd "$(dirname "$0")/.."

tool=$PWD/.venv/bin/promtool
folder=$PWD/.venv/promtool
log=$PWD/.venv/promtool.log

say() { printf '%s\n' "$*" >&2; }

# Newer releases have a package of its own for it.
download() {
    rm -f ./*.deb
    apt-get download promtool || apt-get download prometheus
}

fetch() {
    mkdir -p "$folder"
    cd "$folder"
    download || { [ "$(id -u)" = 0 ] && apt-get update && download; } || return 1
    dpkg-deb --fsys-tarfile ./*.deb | tar -x ./usr/bin/promtool || return 1
    mv usr/bin/promtool "$tool"
}

if command -v promtool >/dev/null || [ -x "$tool" ]; then
    exit 0
fi
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    say "Fetching promtool for the tests of the alert rules (once) …"
    (fetch) >"$log" 2>&1 && code=0 || code=$?
    rm -rf "$folder"
    [ "$code" != 0 ] || exit 0
fi
say "No promtool could be fetched, so the tests of the alert rules will be skipped. Debian's package prometheus has one."
