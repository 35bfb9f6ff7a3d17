#!/bin/sh
# Compiles and runs the programs in README.md and docs/*.md: every block fenced as ```c, which must hold an int main.
# Where a block fenced as ```output follows directly, the program must print exactly that. Other text is fenced as ```text.
# In a block fenced as ```console each line that begins with "$ " is run by the shell, with the program tapir in its path,
# and must print, on stdout and stderr, exactly what follows.
# usage: snippets.sh BUILD CC LINKFLAGS      run where README.md lies
build=${1:?usage: snippets.sh BUILD CC LINKFLAGS} cc=${2:-cc} link=$3
root=$(pwd)
library=$(cd "$build" && pwd)/libtapir.a || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# fail N MESSAGE: says where snippet N stands and what is wrong with it
fail() {
    echo "$(cat "$dir/$1.where"): $2" >&2
    exit 1
}

# Each program goes to N.c, its place to N.where, what it must print to N.expected; the K-th session to sK.console.
awk -v dir="$dir" '
    FNR == 1 { inside = ""; after = 0 }
    inside == "" && /^```c$/ {
        n++; inside = "c"; after = 0
        print FILENAME ":" FNR > (dir "/" n ".where"); close(dir "/" n ".where")
        printf "" > (dir "/" n ".c")
        next
    }
    inside == "" && /^```console$/ {
        k++; inside = "console"; after = 0
        print FILENAME ":" FNR > (dir "/s" k ".where"); close(dir "/s" k ".where")
        next
    }
    inside == "console" && !/^```$/ { print > (dir "/s" k ".console"); next }
    inside == "" && /^```output$/ && after { inside = "expected"; printf "" > (dir "/" n ".expected"); next }
    inside == "" && /^```/ { inside = "other"; after = 0; next }
    inside != "" && /^```$/ {
        if (inside == "console") close(dir "/s" k ".console")
        else if (inside != "other") close(dir "/" n "." inside)
        after = inside == "c"; inside = ""
        next
    }
    inside == "c" || inside == "expected" { print > (dir "/" n "." inside); next }
    inside == "" && NF { after = 0 }
    END { print n + 0 > (dir "/count"); print k + 0 > (dir "/sessions") }
' README.md docs/*.md || exit 1

count=$(cat "$dir/count")
cd "$dir" || exit 1 # a program that writes a file leaves it here
i=0
while [ $((i += 1)) -le "$count" ]; do
    grep -q 'int main' $i.c || fail $i "a block fenced as c without an int main: fence it as text"
    # shellcheck disable=SC2086
    $cc -std=c17 -Wall -Wextra -Werror -I"$root/include" $i.c -o $i.program "$library" $link >$i.log 2>&1 || {
        cat $i.log >&2
        fail $i "does not compile"
    }
    ./$i.program >$i.stdout 2>$i.stderr </dev/null || {
        status=$?
        cat $i.stdout $i.stderr >&2
        fail $i "ends with status $status"
    }
    [ ! -f $i.expected ] || diff -u $i.expected $i.stdout >$i.log || {
        cat $i.log >&2
        fail $i "prints something else than what is documented"
    }
done

# session FILE: its commands, each with what it prints
session() {
    while IFS= read -r line; do
        case $line in
        '$ '*)
            printf '%s\n' "$line"
            sh -c "${line#??}" 2>&1 </dev/null
            ;;
        esac
    done <"$1"
}
sessions=$(cat "$dir/sessions")
PATH=$(dirname "$library"):$PATH
i=0
while [ $((i += 1)) -le "$sessions" ]; do
    session s$i.console >s$i.stdout
    diff -u s$i.console s$i.stdout >s$i.log || {
        cat s$i.log >&2
        fail s$i "a command prints something else than what is documented"
    }
done
echo "snippets: $count compiled and run, $sessions sessions repeated"
