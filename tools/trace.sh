#!/bin/sh
# Makes include/tapir/trace.h from the prototypes of the public headers: a macro for every function that returns a
# handle, and one over a wrapper for every function that returns a status and is given a tape or a handle.
# usage: trace.sh write|compare
cd "$(dirname "$0")/.." || exit 1
out=include/tapir/trace.h
fresh=$(mktemp) || exit 1
trap 'rm -f "$fresh"' EXIT

# The headers that tapir.h includes, in the order of their names; without comments, a prototype a line.
prototypes() {
    for header in $(ls include/tapir/*.h | LC_ALL=C sort); do
        [ "$header" = "$out" ] || sed -e 's|//.*||' -e 's|/\*[^*]*\*/||g' "$header"
    done | awk '
        /\/\*/ { comment = 1 }
        !comment && /^TP_API (tp_var|tp_status) / { open = 1; text = "" }
        open { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
        open && /;/ { sub(/;.*/, "", text); sub(/ TP_PRINTF.*/, "", text); sub(/^TP_API /, "", text); print text; open = 0 }
        /\*\// { comment = 0 }'
}

{
    cat <<'END'
/* Made by tools/trace.sh from the other public headers: `make trace` writes it anew.
   Each function that records notes the line of its call. Included by <tapir/tapir.h> where TP_TRACE is defined. */
/* clang-format off */
#ifndef TAPIR_TRACE_H
#define TAPIR_TRACE_H

#include <tapir/tapir.h>

#ifdef __GNUC__
#define TP_TRACED static inline __attribute__((unused)) tp_status
#else
#define TP_TRACED static inline tp_status
#endif

END
    prototypes | LC_ALL=C sort -u | awk '
        # the text of the parameter list, cut at commas outside of parentheses
        function cut(list, part,   i, c, depth, n) {
            n = 1; part[1] = ""
            for (i = 1; i <= length(list); i++) {
                c = substr(list, i, 1)
                if (c == "(") depth++
                if (c == ")") depth--
                if (c == "," && depth == 0) { part[++n] = ""; continue }
                part[n] = part[n] c
            }
            for (i = 1; i <= n; i++) sub(/^ +/, "", part[i])
            return n
        }
        function name_of(parameter) { sub(/.*[ *]/, "", parameter); return parameter }
        {
            split($0, words, /[ (]/)
            kind = words[1]; name = words[2]
            if (name ~ /^tp_(ctx_|give|at|none$|at_status$|module_fail$|tape_status$|reduce_grads$)/) next
            list = substr($0, index($0, "(") + 1)
            sub(/\)$/, "", list)
            n = cut(list, part)
        }
        kind == "tp_var" {
            plain[++plains] = name
            next
        }
        {
            tape = ""
            for (i = 1; i <= n && tape == ""; i++)
                if (part[i] ~ /^tp_var [a-z_0-9]+$/) tape = name_of(part[i]) ".tape"
                else if (part[i] ~ /^tp_tape \*[a-z_0-9]+$/) tape = name_of(part[i])
                else if (part[i] ~ /^const tp_var \*/ && part[i + 1] ~ /^int /)
                    tape = name_of(part[i]) " && " name_of(part[i + 1]) " > 0 ? " name_of(part[i]) "[0].tape : NULL"
            if (tape == "" || list ~ /\(/) next
            call = ""
            for (i = 1; i <= n; i++) call = call (i > 1 ? ", " : "") name_of(part[i])
            wrapper[++wrappers] = sprintf("TP_TRACED %s_traced(const char *file_, int line_, %s)\n{\n" \
                "    const tp_status status_ = %s(%s);\n    return tp_at_status(%s, status_, file_, line_);\n}\n", \
                name, list, name, call, tape)
            wrapped[wrappers] = name
        }
        END {
            for (i = 1; i <= wrappers; i++) printf "%s", wrapper[i]
            print ""
            for (i = 1; i <= wrappers; i++)
                printf "#define %s(...) %s_traced(__FILE__, __LINE__, __VA_ARGS__)\n", wrapped[i], wrapped[i]
            for (i = 1; i <= plains; i++)
                printf "#define %s(...) tp_at(%s(__VA_ARGS__), __FILE__, __LINE__)\n", plain[i], plain[i]
        }'
    printf '\n#endif\n'
} >"$fresh"
case $1 in
write) cp "$fresh" "$out" ;;
compare)
    cmp -s "$fresh" "$out" || {
        echo "$out is not what the public headers say: make trace" >&2
        diff "$out" "$fresh" | head -20 >&2
        exit 1
    }
    ;;
*) echo "usage: trace.sh write|compare" >&2 && exit 1 ;;
esac
