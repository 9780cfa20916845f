#!/bin/sh
# What a recorded stream takes at least, as far as we know: its columns as a whole (benches/benches/bound), each packed by
# xz -9e, zstd --ultra -22 --long=31, brotli -q 11, 7zip's PPMd and zpaq -m5; of each the best, and the sum.
#   benches/bound.sh STREAM...
# Needs Debian's xz-utils, zstd, brotli, 7zip and zpaq; minutes for a million events, a gigabyte in TMPDIR, and 3 GB of
# memory for each of JOBS (default: cores) jobs. BOUND is the benchmark's binary, if it is built already; KEEP a directory
# in which the columns, and what each took, are left.
set -eu

# What a file takes with each compressor, a line each. (What containers add is tens to hundreds of bytes.)
if [ "${1:-}" = --pack ]; then
    file=$2
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    count() { printf '%s %s %s\n' "$(wc -c)" "$1" "$file"; }
    xz -9e -c "$file" | count xz
    zstd -q --ultra -22 --long=31 -c "$file" | count zstd
    brotli -q 11 -w 24 -c "$file" | count brotli
    7zz a -bd -mmt1 -m0=PPMd:mem=1g:o=16 "$work/a.7z" "$file" >/dev/null && count ppmd <"$work/a.7z"
    zpaq add "$work/a.zpaq" "$file" -m5 -t1 >/dev/null 2>&1 && count zpaq <"$work/a.zpaq"
    exit
fi

# The best form of each column, then of each sort of thing the best way; for what all compressors do, and for zstd alone.
sums() {
    awk -v counts="$1" '
        function offer(who, column, bytes, form) {
            if (!((who, column) in best) || bytes < best[who, column]) {
                best[who, column] = bytes
                how[who, column] = form
            }
        }
        FILENAME == "bits" { sub(/~bits$/, "", $3); bits[$3] = $1; next }
        {
            bytes = $1 + bits[$3]
            column = form = $3
            sub(/^columns\//, "", column)
            sub(/~[^~]*$/, "", column)
            sub(/.*~/, "", form)
            columns[column]
            offer("all", column, bytes, form ", " $2)
            if ($2 == "zstd") offer("zstd", column, bytes, form ", " $2)
        }
        function told(who, say,   column, ways, least, way, thing, sum) {
            for (column in columns) if (column ~ /\//) {
                way = column
                sub(/\/.*/, "", way)
                ways[way] += best[who, column]
            }
            for (way in ways) {
                thing = way
                sub(/=.*/, "", thing)
                if (!(thing in least) || ways[way] < ways[least[thing]]) least[thing] = way
            }
            for (column in columns) {
                if (column ~ /\//) {
                    way = thing = column
                    sub(/\/.*/, "", way)
                    sub(/=.*/, "", thing)
                    if (least[thing] != way) continue
                }
                sum += best[who, column]
                if (say) printf "%9.4f %9d  %s (%s)\n", best[who, column] / of[2], best[who, column], column, how[who, column]
            }
            return sum
        }
        END {
            split(counts, of, " ")
            sum = told("zstd", 0)
            printf "%9.4f %9d  all by zstd alone\n", sum / of[2], sum
            sum = told("all", 1)
            printf "%9.4f %9d  all of %s: %d events, %d states of files, %d paths\n", sum / of[2], sum, of[1], of[2], of[3], of[4]
        }' bits packed | sort -rn
}

[ $# -gt 0 ] || {
    echo "usage: benches/bound.sh STREAM..." >&2
    exit 2
}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
for stream in "$@"; do
    work=${KEEP:-$(mktemp -d)}/$(basename "$stream" .stream)
    rm -rf "$work"
    mkdir -p "$work"
    run=${BOUND:-"cargo bench -q -p benches --bench bound"}
    stream=$(realpath "$stream")
    # shellcheck disable=SC2086 # a command
    counts=$(cd "$root" && TACHO_STREAM=$stream TACHO_BOUND=$work/columns $run | grep '^bound: ')
    (
        cd "$work"
        # Of each column the two forms that a quick compressor packs best are tried by all.
        # shellcheck disable=SC2016 # the inner shell expands it
        find columns -type f ! -name '*~bits' -print0 | xargs -0 -P "${JOBS:-$(nproc)}" -I{} sh -c '
            bits=0
            [ ! -f "$1~bits" ] || bits=$(wc -c <"$1~bits")
            echo "$(($(xz -6 -c "$1" | wc -c) + bits)) $1"' _ {} |
            sort -n | awk '{ name = $2; sub(/~[^~]*$/, "", name) } count[name]++ < 2 { print $2 }' >forms
        xargs -P "${JOBS:-$(nproc)}" -I{} sh "$root/benches/bound.sh" --pack {} <forms >packed
        find columns -name '*~bits' -printf '%s bits %p\n' >bits
        sums "${counts#bound: }"
    )
    [ -n "${KEEP:-}" ] || rm -rf "$(dirname "$work")"
done
