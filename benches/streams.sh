#!/bin/sh
# Records the streams that the benchmarks and benches/compare run over, as root on Debian:
#   benches/streams.sh DIR [MINUTES] [NAME...]
# MINUTES (default 10) is how long each goes on, NAMEs pick some of packages, compiler, mix, idle (default all).
# TACHO is the binary (default target/release/tacho), MIRROR Debian's mirror. Some 6 GB in TMPDIR while it runs; what is
# left over is removed. All of the host is recorded, so nothing else should run there.
set -eu

out=${1:?usage: benches/streams.sh DIR [MINUTES] [NAME...]}
minutes=${2:-10}
shift
[ $# -eq 0 ] || shift
names=${*:-packages compiler mix idle}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tacho=${TACHO:-$root/target/release/tacho}
mirror=${MIRROR:-http://deb.debian.org/debian}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# record NAME: the script of this name, for so long; the store itself is of no use, the stream is.
record() {
    "$tacho" record --store "$work/store" --save "$out/$1.stream" --listen 127.0.0.1:0 \
        --socket "$work/sock" --no-auth -- sh "$work/$1" "$work" "$root" "$minutes" "$mirror" \
        >"$work/$1.log" 2>&1 || tail -n 5 "$work/$1.log"
    rm -rf "$work/store"
    ls -l "$out/$1.stream"
}

# In front of each script: what it is given, and whether its time is over.
begin() {
    cat <<'SCRIPT'
set -eu
work=$1 root=$2 mirror=$4
end=$(($(date +%s) + $3 * 60))
over() { [ "$(date +%s)" -ge "$end" ]; }
SCRIPT
    cat
}

# Packages into a new Debian, a few at a time; the first ones are what the compiler run needs.
begin >"$work/packages" <<'SCRIPT'
[ -d "$work/debian" ] || debootstrap --variant=minbase bookworm "$work/debian" "$mirror"
printf '#!/bin/sh\nexit 101\n' >"$work/debian/usr/sbin/policy-rc.d"
chmod +x "$work/debian/usr/sbin/policy-rc.d"
for some in "gcc make libc6-dev flex bison bc xz-utils libelf-dev libssl-dev linux-source" "git python3 perl-doc" "nginx postgresql" \
    "default-jdk-headless" "texlive-latex-base" "mariadb-server php-cli" "emacs-nox vim" "golang-go" "gnome-core" \
    "libreoffice-core" "octave" "texlive-latex-extra"; do
    # shellcheck disable=SC2086 # a list
    chroot "$work/debian" apt-get -q -y --no-install-recommends install $some
    over && break
done
SCRIPT

# A kernel, for as long as there is time.
begin >"$work/compiler" <<'SCRIPT'
mkdir "$work/debian/build"
tar -xJf "$work"/debian/usr/src/linux-source-*.tar.xz -C "$work/debian/build" --strip-components=1
inside() { chroot "$work/debian" "$@"; }
inside make -C /build defconfig
inside timeout "$(($3 * 60))" make -k -C /build -j2 || true
SCRIPT

# A clone, logs, searches, checkouts and archives of this project, and Python's own tests, by turns.
begin >"$work/mix" <<'SCRIPT'
library=$(python3 -c 'import email; print(email.__path__[0])')/..
round=0
while ! over; do
    round=$((round + 1))
    mkdir "$work/mixed"
    git clone --no-hardlinks --quiet "$root" "$work/mixed/clone"
    cd "$work/mixed/clone"
    for n in 1 2 3 4 5; do
        git log --stat -n 200 >/dev/null
        git grep -n "fn " >/dev/null
        git checkout --quiet "HEAD~$((n * round))" || true
        git status --short >/dev/null
        git -c user.name=a -c user.email=a@example.org commit --quiet --allow-empty -m "$round $n"
    done
    cp -r "$library" "$work/mixed/library"
    python3 -m compileall -q -f "$work/mixed/library" >/dev/null 2>&1 || true
    timeout 60 python3 -m unittest discover -s "$(python3 -c 'import json; print(json.__path__[0])')" \
        >/dev/null 2>&1 || true
    tar -cf "$work/mixed/all.tar" . && mkdir "$work/mixed/back" && tar -xf "$work/mixed/all.tar" -C "$work/mixed/back"
    find "$work/mixed" -name '*.rs' -exec grep -l store {} + >/dev/null
    cd "$work"
    rm -rf "$work/mixed"
done
SCRIPT

begin >"$work/idle" <<'SCRIPT'
mkdir "$work/www" && cd "$work/www" && echo hello >index.html
python3 -m http.server --bind 127.0.0.1 8642 >/dev/null 2>&1 &
server=$!
while ! over; do
    for n in 1 2 3 4; do curl -s http://127.0.0.1:8642/ >/dev/null || true; sleep 2; done
    df / >/dev/null; date >/dev/null; find /etc -newer "$work/www/index.html" >/dev/null
done
kill "$server"
SCRIPT

for name in $names; do
    [ "$name" != compiler ] || [ -d "$work/debian" ] || sh "$work/packages" "$work" "$root" 0 "$mirror" >/dev/null 2>&1
    record "$name"
    [ "$name" != compiler ] || rm -rf "$work/debian"
done
