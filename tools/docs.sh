#!/bin/sh
# The pages of docs/ that programs write: writes them anew, or fails when one differs from what its program makes.
# usage: docs.sh BUILD write|compare      run where docs/ lies
build=${1:?usage: docs.sh BUILD write|compare} what=$2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# page NAME [ARGUMENT]
page() {
    "$build/ops_doc" $2 >"$dir/$1" || exit 1
    if [ "$what" = write ]; then
        cp "$dir/$1" "docs/$1" && echo "docs: docs/$1"
    else
        cmp -s "$dir/$1" "docs/$1" || {
            echo "docs/$1 is not what the library says now: run make docs" >&2
            exit 1
        }
    fi
}

page ops.md
page edge-cases.md edges
