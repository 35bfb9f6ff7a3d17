#!/bin/sh
# Installs what is missing on Debian.
# usage: deps.sh [check] [bench]   check: also sanitizers and static analysis; bench: also the peers that are measured
want="gcc make libc6-dev check pkg-config uthash-dev zlib1g-dev libjansson-dev libdnnl-dev dataset-fashion-mnist bible-kjv python3-sklearn librsvg2-bin"
for extra in "$@"; do
    case $extra in
    check) want="$want clang clang-format libclang-rt-14-dev libomp-14-dev valgrind cppcheck" ;;
    bench) want="$want g++ python3-torch libadolc-dev python3-numpy" ;;
    *) echo "usage: deps.sh [check] [bench]" >&2 && exit 2 ;;
    esac
done
missing=""
for package in $want; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null || {
    echo "deps: not a Debian system; install by hand:$missing" >&2
    exit 1
}
root=""
[ "$(id -u)" = 0 ] || root=sudo
echo "deps: installing$missing"
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null || {
    $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
