#!/bin/sh
# Records the streams that the benchmarks and benches/compare run over, as root:
#   benches/streams.sh DIR
# TACHO is the binary (default target/release/tacho), MIRROR Debian's mirror, MINUTES how long the idle server idles.
# About 10 minutes, 2 GB in /tmp; what is left over is removed.
set -eu

out=${1:?usage: benches/streams.sh DIR}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tacho=${TACHO:-$root/target/release/tacho}
mirror=${MIRROR:-http://deb.debian.org/debian}
minutes=${MINUTES:-10}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# record NAME COMMAND...: the store itself is of no use, the stream is.
record() {
    name=$1
    shift
    "$tacho" record --store "$work/store" --save "$out/$name.stream" --listen 127.0.0.1:0 \
        --socket "$work/sock" --no-auth -- "$@" >"$work/$name.log" 2>&1 || tail -n 5 "$work/$name.log"
    rm -rf "$work/store"
    ls -l "$out/$name.stream"
}

# A C library and some sixty crates, from sources that are there already.
record compiler cargo build --manifest-path "$root/Cargo.toml" --package store --target-dir "$work/target"
rm -rf "$work/target"

# Unpacking and configuring some ninety packages.
record packages debootstrap --variant=minbase bookworm "$work/debian" "$mirror"
rm -rf "$work/debian"

cat >"$work/mix" <<'SCRIPT'
set -eu
git clone --no-hardlinks --quiet "$1" "$2/clone"
cd "$2/clone"
for n in 1 2 3 4 5; do
    git log --stat -n 200 >/dev/null
    git grep -n "fn " >/dev/null
    git checkout --quiet "HEAD~$n"
    git status --short >/dev/null
done
python3 -m compileall -q -f "$(python3 -c 'import email; print(email.__path__[0])')/.." >/dev/null 2>&1 || true
python3 -m unittest discover -s "$(python3 -c 'import json; print(json.__path__[0])')" >/dev/null 2>&1 || true
tar -cf "$2/all.tar" . && mkdir "$2/back" && tar -xf "$2/all.tar" -C "$2/back"
find "$2/back" -name '*.rs' -exec grep -l store {} + >/dev/null
SCRIPT
record mix sh "$work/mix" "$root" "$work"

cat >"$work/idle" <<'SCRIPT'
set -eu
mkdir "$2/www" && cd "$2/www" && echo hello >index.html
python3 -m http.server --bind 127.0.0.1 8642 >/dev/null 2>&1 &
server=$!
end=$(($(date +%s) + $1 * 60))
while [ "$(date +%s)" -lt "$end" ]; do
    for n in 1 2 3 4; do curl -s http://127.0.0.1:8642/ >/dev/null || true; sleep 2; done
    df / >/dev/null; date >/dev/null; find /etc -newer "$2/www/index.html" >/dev/null
done
kill "$server"
SCRIPT
record idle sh "$work/idle" "$minutes" "$work"
