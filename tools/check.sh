#!/bin/sh
# Everything that guards the code: format, layering, static analysis, sanitizers with gcc and clang, valgrind, C++ headers.
# About twenty minutes on two processors.
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
    --suppress=ctunullpointer:kernels/*_body.h --suppress=ctuuninitvar:kernels/reduce.c --suppress=ctuuninitvar:autograd/apply.c \
    --suppress=ctuuninitvar:autograd/ctx.c \
    -DTP_LEVEL=base core kernels/*.c $(ls -d autograd ops io plot nn optim train draw cli 2>/dev/null) || fail cppcheck

# build NAME MAKE-VARIABLES...: the tests in a folder of their own
build() {
    name=$1
    shift
    step "$name: build"
    make -j"$jobs" BUILD="$base/$name" "$@" "$base/$name/tests" test-programs >"$base/$name.log" 2>&1 || {
        tail -20 "$base/$name.log"
        fail "$name does not build"
    }
}

# run NAME FOLDER SUITES [BEFORE...]: the suites of the tests that were built in FOLDER, as many at once as there are
# processors, in the order given; each under the command BEFORE, if there is one
run() {
    name=$1 folder=$2 suites=$3
    shift 3
    step "$name: run"
    for suite in $suites; do echo "$suite"; done | xargs -P "$jobs" -I {} sh -c '
        out=$1.{}.out
        shift
        CK_RUN_SUITE={} "$@" >"$out" 2>&1 && ! grep -q "Checks: 0," "$out" || { tail -40 "$out"; echo "check: suite {} failed" >&2; exit 1; }
    ' sh "$base/$name" "$@" "$base/$folder/tests" || fail "$name"
    for suite in $suites; do tail -1 "$base/$name.$suite.out"; done |
        awk '{ gsub(",", ""); n += $3 } END { print "check: " n " checks passed" }'
}
export CK_TIMEOUT_MULTIPLIER=4 # a sanitizer or a busy machine is no failure
# The op table takes longest and comes first.
all=$(sed -n 's/^SUITE(\(.*\))/\1/p' tests/suites.def)

sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
# The runner forks for each test: a small quarantine keeps what it drags along small.
export ASAN_OPTIONS=quarantine_size_mb=8
# OpenMP's runtimes keep their threads and tell nobody.
export LSAN_OPTIONS="suppressions=tools/leaks.txt:print_suppressions=0"
build gcc-sanitized CC=gcc OPT="-O1 -g" LOOPOPT=-O1 EXTRA="$sanitize"
run gcc-sanitized gcc-sanitized "$all"
build clang-sanitized CC=clang OPT="-O1 -g" LOOPOPT=-O1 EXTRA="$sanitize"
run clang-sanitized clang-sanitized "$all"
step "hostile arguments to every op"
make -j"$jobs" BUILD="$base/gcc-sanitized" CC=gcc OPT="-O1 -g" LOOPOPT=-O1 EXTRA="$sanitize" "$base/gcc-sanitized/hostile" \
    >"$base/hostile.log" 2>&1 || fail "tools/hostile.py: $base/hostile.log"
for seed in 1 2 3 4 5; do
    "$base/gcc-sanitized/hostile" $seed 4000 >"$base/hostile.out" 2>&1 || {
        tail -40 "$base/hostile.out"
        fail "hostile arguments, seed $seed; HOSTILE_TRACE=1 names the calls"
    }
done
build builtin CC=gcc BLAS=builtin
run builtin builtin "$all"
export TAPIR_CPU=v2 # read at run time: the same programs
run level-v2 builtin "$all"

step "500 kills of a program that writes snapshots"
make -j"$jobs" BUILD="$base/builtin" CC=gcc BLAS=builtin "$base/builtin/snapshot" >"$base/kills.log" 2>&1 || fail "$base/kills.log"
sh tests/kills/kills.sh 500 "$base/snapshot.file" "$base/builtin/snapshot" || fail kills

build valgrind CC=gcc BLAS=builtin OPT="-O1 -g"
export TAPIR_CPU=v3 CK_FORK=no
run valgrind valgrind "engine optim nn io files errors" valgrind -q --error-exitcode=1 --leak-check=full
echo "check: all clean"
