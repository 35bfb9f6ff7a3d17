#!/bin/sh
# Kills a program that writes snapshots, at random moments, and looks each time whether the file is whole, and the old or
# the new one.
# usage: kills.sh TIMES FILE PROGRAM [ARGUMENTS...]
#   PROGRAM ARGUMENTS FILE          goes on from FILE, if it is there, and writes it again and again; after each it appends
#                                   the number of the snapshot as a line to FILE.done
#   PROGRAM ARGUMENTS FILE check    prints the number of the snapshot in FILE; fails when it is not whole
# LONGEST in the environment: milliseconds that a program may live, 60 by default; longer where it starts slowly.
times=${1:?usage: kills.sh TIMES FILE PROGRAM [ARGUMENTS...]} file=$2
shift 2
longest=${LONGEST:-60}
rm -f "$file" "$file".tmp* "$file.done"
: >"$file.done"

fail() {
    echo "kills: $1" >&2
    exit 1
}

# One number a line: milliseconds from 1 to the longest.
seed=$(od -An -N4 -tu4 /dev/urandom)
echo "kills: seed$seed" >"$file.log"
awk -v n="$times" -v longest="$longest" -v seed="$seed" \
    'BEGIN { srand(seed); for (i = 0; i < n; i++) printf "%.4f\n", (1 + rand() * (longest - 1)) / 1000 }' >"$file.delays"

before=0 between=0
while read -r delay; do
    "$@" "$file" 2>>"$file.log" &
    program=$!
    sleep "$delay"
    kill -KILL $program 2>/dev/null || fail "the program ended by itself: $(tail -1 "$file.log")"
    wait $program 2>/dev/null
    told=$(tail -1 "$file.done")
    told=${told:-0}
    [ -e "$file" ] || {
        [ "$told" = 0 ] || fail "snapshot $told is written, and there is no file"
        continue
    }
    found=$("$@" "$file" check) || fail "after $delay s: the file is not whole"
    # the last that was reported, or the one after it, when the kill came before the report
    [ "$found" -ge "$told" ] && [ "$found" -le $((told + 1)) ] || fail "snapshot $found is there, $told was reported"
    [ "$found" -ge "$before" ] || fail "snapshot $found is there, after $before"
    if [ "$found" != "$told" ] || [ -e "$file.tmp" ]; then between=$((between + 1)); fi
    echo "$found" >"$file.done"
    before=$found
done <"$file.delays"
[ "$before" -gt 0 ] || fail "no snapshot was written: LONGEST is too short"
echo "kills: $times kills, $before snapshots, every one whole; $between came while one was being written"
rm -f "$file" "$file".tmp* "$file.done" "$file.delays" "$file.log"
