#!/bin/sh
# Finds out what this machine has, for the Makefile: prints make variables.
# usage: probe.sh CC BLAS      BLAS is auto, onednn, openblas or builtin
cc=$1 blas=$2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# builds SOURCE FLAGS...: whether a program compiles and links
builds() {
    printf '%s\n' "$1" >"$dir/probe.c"
    shift
    $cc -std=c17 -O2 "$dir/probe.c" -o "$dir/probe" "$@" >/dev/null 2>&1
}

defines="" libs="-lm" levels="base" warn=""

if builds 'int main(void) { __builtin_cpu_init(); return !__builtin_cpu_supports("avx2"); }' -march=x86-64-v2; then
    levels="v2 v3 v4"
    defines="$defines -DTP_X86_LEVELS"
fi
if [ "$blas" != builtin ]; then
    if builds '#pragma omp declare simd notinbranch
float expf(float);
float y[64], x[64];
int main(void) {
#pragma omp simd
for (int i = 0; i < 64; i++) y[i] = expf(x[i]);
return (int)y[3]; }' -O3 -fopenmp-simd -fno-math-errno -lmvec -lm &&
        $cc -std=c17 -O3 -fopenmp-simd -fno-math-errno -S "$dir/probe.c" -o - 2>/dev/null | grep -q _ZGV; then
        defines="$defines -DTP_WITH_LIBMVEC"
        libs="-lmvec -lm"
    fi
    if builds '#include <omp.h>
int main(void) { int n = 0;
#pragma omp parallel reduction(+ : n)
n++;
return n < 1; }' -fopenmp; then
        echo "OPENMP := -fopenmp"
    fi
    if builds '#include <zlib.h>
int main(void) { return !zlibVersion(); }' -lz; then
        defines="$defines -DTP_WITH_ZLIB"
        libs="-lz $libs"
    fi
fi
case $blas in auto | onednn)
    if builds '#include <dnnl.h>
int main(void) { float x = 0; return dnnl_sgemm(78, 78, 1, 1, 1, 1, &x, 1, &x, 1, 0, &x, 1); }' -ldnnl; then
        defines="$defines -DTP_WITH_ONEDNN"
        libs="-ldnnl $libs"
    elif [ "$blas" = onednn ]; then
        warn="oneDNN was not found: apt-get install libdnnl-dev"
    fi
    ;;
esac
# Where oneDNN is, the built-in kernels serve f64 better than OpenBLAS does, and no thread pool starts with the program.
case $blas:$defines in auto:*TP_WITH_ONEDNN*) ;; auto:* | openblas:*)
    if builds '#include <cblas.h>
int main(void) { return cblas_ddot(0, 0, 1, 0, 1) != 0; }' -lopenblas; then
        defines="$defines -DTP_WITH_CBLAS"
        libs="-lopenblas $libs"
        builds 'void sgesdd_(void); void dsyevd_(void);
int main(int n, char **words) { if (n > 9 && words) sgesdd_(), dsyevd_(); return 0; }' -lopenblas &&
            defines="$defines -DTP_WITH_LAPACK"
    elif [ "$blas" = openblas ]; then
        warn="OpenBLAS was not found: apt-get install libopenblas-dev"
    fi
    ;;
esac
# Of a program beside the library, not of the library.
if builds '#include <jansson.h>
int main(void) { json_decref(json_null()); return 0; }' -ljansson; then
    echo "JANSSON := -ljansson"
fi
echo "DEFINES := $defines"
echo "LIBS := $libs"
echo "LEVELS := $levels"
[ -z "$warn" ] || echo "\$(warning $warn)"
