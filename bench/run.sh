#!/bin/sh
# Runs the benchmark with the peers that this machine has.
# usage: run.sh BUILD [FILTER] [THREADS]      FILTER: only tasks whose name contains one of these, with commas between
# THREADS: [1] of either side; times are the processor's with one, the clock's with more
build=$1 filter=${2:-} threads=${3:-1}
[ -x "$build/bench" ] || {
    echo "usage: run.sh BUILD [FILTER] [THREADS]; make bench builds first" >&2
    exit 2
}
here=$(dirname "$0")
adolc=$build/peer_adolc
if [ -z "$(find "$adolc" -newer "$here/peer_adolc.cpp" 2>/dev/null)" ]; then
    rm -f "$adolc"
    g++ -O2 -o "$adolc" "$here/peer_adolc.cpp" -ladolc 2>"$build/peer_adolc.log" || adolc=-
fi
# Threads that wait for work must not take the processors from the side whose turn it is.
OMP_WAIT_POLICY=passive OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads exec "$build/bench" "$here/peer_torch.py" "$adolc" "$filter" "$threads"
