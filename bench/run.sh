#!/bin/sh
# Runs the benchmark with the peers that this machine has.
# usage: run.sh BUILD [FILTER]       FILTER: only tasks whose name contains it
build=$1 filter=${2:-}
[ -x "$build/bench" ] || {
    echo "usage: run.sh BUILD [FILTER]; make bench builds first" >&2
    exit 2
}
here=$(dirname "$0")
adolc=$build/peer_adolc
if [ -z "$(find "$adolc" -newer "$here/peer_adolc.cpp" 2>/dev/null)" ]; then
    rm -f "$adolc"
    g++ -O2 -o "$adolc" "$here/peer_adolc.cpp" -ladolc 2>"$build/peer_adolc.log" || adolc=-
fi
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec "$build/bench" "$here/peer_torch.py" "$adolc" "$filter"
