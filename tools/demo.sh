#!/bin/sh
# Runs the demos.
# usage: demo.sh BUILD      everything goes to BUILD/demo
build=${1:?usage: demo.sh BUILD}
out=$build/demo
mkdir -p "$out" || exit 1

echo "== a gradient worked out gate by gate (make course has the whole course)"
"$build/tapir" explain '(x+y)*z' x=-2 y=5 z=-4 --svg "$out/explain.svg" || exit 1

echo
echo "== a loss of one's own"
"$build/demos/custom_loss" || exit 1

echo
echo "== an op of one's own"
"$build/demos/own_op" || exit 1

echo
echo "== a layer of one's own"
"$build/demos/own_layer" "$out" || exit 1

echo
echo "== memory against work"
"$build/demos/checkpoints" "$out" || exit 1

echo
echo "== a character LSTM on English text"
"$build/demos/characters" || exit 1

echo
echo "== a variational autoencoder"
"$build/demos/autoencoder" "$out" || exit 1

echo
echo "== a denoising autoencoder on Fashion-MNIST"
"$build/demos/denoise" "$out" || exit 1

echo
echo "== breast cancer, by L-BFGS"
"$build/demos/breast_cancer" || exit 1

echo
echo "== implicit differentiation"
"$build/demos/implicit" "$out" || exit 1

echo
echo "== handwritten digits"
"$build/demos/digits" || exit 1

echo
echo "== iris"
"$build/demos/iris" || exit 1

echo
echo "== LeNet on Fashion-MNIST"
"$build/demos/lenet" "$out" || exit 1

echo
echo "== a network on Fashion-MNIST"
"$build/demos/fashion_mnist" "$out" || exit 1

echo
echo "== a small transformer on English text"
"$build/demos/transformer" || exit 1

echo
echo "The drawings and pictures:"
for file in "$out"/*.svg; do
    if [ -f "$file" ]; then echo "  $file"; fi
done
