#!/bin/sh
# Everything that guards the code: format, layering, static analysis, sanitizers with gcc and clang, valgrind, C++ headers.
# Needs the packages of `sh tools/deps.sh check`. Stops at the first thing that is not clean.
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
base=${BUILD:-build}/check
mkdir -p "$base"

step() {
    printf 'check: %s\n' "$1"
}
fail() {
    printf 'check: FAILED: %s\n' "$1" >&2
    exit 1
}
need() {
    command -v "$1" >/dev/null || fail "$1 is missing: sh tools/deps.sh check"
}
for tool in clang clang-format cppcheck valgrind; do need "$tool"; done

step format
clang-format --dry-run --Werror $(git ls-files '*.c' '*.h') || fail format

step layering
sh tools/layers.sh || fail layering

step "public headers as C11, C17 and C++17"
for header in include/tapir/*.h; do
    for standard in c11 c17; do
        gcc -std=$standard -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c "$header" || fail "$header $standard"
        clang -std=$standard -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c "$header" || fail "$header $standard"
    done
    clang++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ "$header" || fail "$header C++17"
done

step cppcheck
cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,portability -Iinclude -I. \
    --suppress=missingIncludeSystem --suppress=invalidFunctionArg:kernels/*_body.h --suppress=ctunullpointer:kernels/*.def \
    --suppress=ctunullpointer:kernels/*_body.h --suppress=ctuuninitvar:kernels/reduce.c \
    -DTP_LEVEL=base core kernels/*.c autograd ops io nn optim || fail cppcheck

# suite NAME MAKE-VARIABLES...: builds the tests in a folder of their own and runs them
suite() {
    name=$1
    shift
    step "$name"
    make -j"$jobs" BUILD="$base/$name" "$@" "$base/$name/tests" >"$base/$name.log" 2>&1 || {
        tail -20 "$base/$name.log"
        fail "$name does not build"
    }
    "$base/$name/tests" >"$base/$name.out" 2>&1 || {
        tail -40 "$base/$name.out"
        fail "$name"
    }
    tail -1 "$base/$name.out"
}

sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
# The runner forks for each test: a small quarantine keeps what it drags along small.
export ASAN_OPTIONS=quarantine_size_mb=8
suite gcc-sanitized CC=gcc OPT="-O1 -g" LOOPOPT=-O1 EXTRA="$sanitize"
suite clang-sanitized CC=clang OPT="-O1 -g" LOOPOPT=-O1 EXTRA="$sanitize"
step "hostile arguments to every op"
make -j"$jobs" BUILD="$base/gcc-sanitized" CC=gcc OPT="-O1 -g" LOOPOPT=-O1 EXTRA="$sanitize" "$base/gcc-sanitized/hostile" \
    >"$base/hostile.log" 2>&1 || fail "tools/hostile.py: $base/hostile.log"
for seed in 1 2 3 4 5; do
    "$base/gcc-sanitized/hostile" $seed 4000 >"$base/hostile.out" 2>&1 || {
        tail -40 "$base/hostile.out"
        fail "hostile arguments, seed $seed; HOSTILE_TRACE=1 names the calls"
    }
done
suite builtin CC=gcc BLAS=builtin
TAPIR_CPU=v2 suite level-v2 CC=gcc

step "valgrind on a short list"
make -j"$jobs" BUILD="$base/valgrind" CC=gcc BLAS=builtin OPT="-O1 -g" "$base/valgrind/tests" >"$base/valgrind.log" 2>&1 ||
    fail "the build for valgrind"
for name in engine errors nn optim io; do
    CK_FORK=no CK_RUN_SUITE=$name TAPIR_CPU=v3 valgrind -q --error-exitcode=1 --leak-check=full \
        "$base/valgrind/tests" >"$base/valgrind.out" 2>&1 || {
        tail -40 "$base/valgrind.out"
        fail "valgrind: $name"
    }
done
echo "check: all clean"
