#!/bin/sh
# Runs the programs of the course and writes the page that shows what they print and draw.
# usage: course.sh BUILD      everything goes to BUILD/gallery
build=${1:?usage: course.sh BUILD}
out=$build/gallery
mkdir -p "$out" || exit 1
rm -f "$out"/[0-9]*.txt "$out"/[0-9]*.svg

programs=$(sed -n 's/^COURSE(\([^,]*\),.*/\1/p' demos/course/course.def | sort)
count=$(echo "$programs" | wc -l)
i=0
for program in $programs; do
    i=$((i + 1))
    if [ -t 1 ]; then
        printf '\r\033[K%2d of %d  %s' $i "$count" "$program"
    else
        printf '%2d of %d  %s\n' $i "$count" "$program"
    fi
    "$build/demos/course/$program" "$out" >"$out/$program.txt" || {
        echo >&2
        echo "course: $program failed" >&2
        exit 1
    }
done
if [ -t 1 ]; then printf '\r\033[K'; fi
"$build/gallery_page" "$out" || exit 1
echo "The course: $out/index.html"
