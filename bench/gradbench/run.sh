#!/bin/sh
# Measures GradBench's evals one by one and prints the table of docs/gradbench.md.
# usage: run.sh BUILD [EVAL...]       FULL=1: all workloads of GradBench's default run
build=$1
here=$(dirname "$0")
[ -x "$build/gradbench-tapir" ] || {
    echo "usage: run.sh BUILD [EVAL...]; make gradbench builds first" >&2
    exit 2
}
shift
python=/usr/bin/python3
"$python" -c 'import numpy' 2>/dev/null || {
    echo "gradbench-run: python3 has no numpy, by which GradBench makes its inputs (apt-get install python3-numpy)" >&2
    exit 1
}
inputs=$build/gradbench
mkdir -p "$inputs"
"$python" -B "$here/generate.py" "$inputs" ${FULL:+full} >"$inputs/list" || exit 1
"$build/gradbench-tapir" --head
export OMP_NUM_THREADS=1
while read -r eval workload file; do
    case " ${*:-$eval} " in *" $eval "*) ;; *) continue ;; esac
    "$build/gradbench-tapir" --table "$eval" "$workload" "$file"
done <"$inputs/list"
