#!/bin/sh
# Checks the layering: a folder includes only what stands below it, and autograd builds without ops.
# usage: layers.sh [CC]
cc=${1:-cc}
cd "$(dirname "$0")/.." || exit 1
bad=0

# below FOLDER ALLOWED...: the internal folders that its files may include besides their own
below() {
    folder=$1
    shift
    [ -d "$folder" ] || return 0
    for file in $(find "$folder" -name '*.[ch]' -o -name '*.def' -path "$folder/*"); do
        for included in $(sed -n 's|^ *# *include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
            [ "$included" = "$folder" ] && continue
            case " $* " in
            *" $included "*) ;;
            *) echo "layers: $file includes $included/, which does not stand below $folder" && bad=1 ;;
            esac
        done
    done
}

below core
below kernels core
below autograd core kernels
below ops core kernels autograd
below io core
below nn core kernels autograd ops io
below plot core
below optim core kernels autograd ops io
below train core kernels autograd ops io nn optim
below draw core kernels autograd ops io nn plot
below cli # a program: public headers only

# public headers of the layers above must not be reached from below
public() {
    folder=$1
    shift
    for header in "$@"; do
        grep -l "#include <tapir/${header%.h}[_a-z]*.h>" "$folder"/*.[ch] 2>/dev/null | while read -r file; do
            echo "layers: $file includes <tapir/$header>, which does not stand below $folder"
        done
    done
}
above=$(
    public core tape.h function.h objective.h implicit.h map.h minimize.h op.h ops.h nn.h optim.h io.h draw.h plot.h train.h tapir.h
    public kernels tape.h function.h objective.h implicit.h map.h minimize.h op.h ops.h nn.h optim.h io.h draw.h plot.h train.h tapir.h
    public autograd ops.h implicit.h map.h minimize.h nn.h optim.h io.h draw.h plot.h train.h tapir.h
    public ops nn.h optim.h minimize.h io.h draw.h plot.h train.h tapir.h
    public io tape.h function.h objective.h implicit.h map.h minimize.h op.h ops.h nn.h optim.h draw.h plot.h train.h tapir.h
    public plot tape.h function.h objective.h implicit.h map.h minimize.h op.h ops.h nn.h optim.h io.h draw.h train.h tapir.h
    public nn optim.h minimize.h draw.h plot.h train.h tapir.h
    public optim nn.h draw.h plot.h train.h tapir.h
    public train draw.h plot.h tapir.h
    public draw optim.h minimize.h train.h tapir.h
)
[ -z "$above" ] || { echo "$above" && bad=1; }

# The seam to the processor: its libraries are met in kernels alone, and matrix products of all else in ops/multiply.c,
# so that another device has one place to come in.
seam=$(
    find core autograd ops io nn plot optim train draw include -name '*.[ch]' 2>/dev/null | while read -r file; do
        [ "$file" = ops/multiply.c ] || grep -HnE 'cblas|dnnl|immintrin|<omp\.h>|tp_gemm_f(32|64)' "$file"
    done
)
[ -z "$seam" ] || { echo "$seam" | sed 's/^/layers: past the seam: /' && bad=1; }

# autograd with ops deleted: copy what stands below, and compile
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/include" && cp -r core kernels autograd "$dir" && cp -r include/tapir "$dir/include"
rm -f "$dir"/include/tapir/ops*.h
for file in "$dir"/autograd/*.c; do
    "$cc" -std=c17 -fsyntax-only -I"$dir" -I"$dir/include" "$file" || {
        echo "layers: autograd does not build without ops" && bad=1
        break
    }
done
[ $bad = 0 ] && echo "layers: every folder includes only what stands below it; autograd builds without ops; one seam to the processor"
exit $bad
