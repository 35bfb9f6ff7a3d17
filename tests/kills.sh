#!/bin/sh
# Kills a training that writes a snapshot after every step, at random moments, and resumes it, until it has been killed
# so often; in the end the weights must be those of a run that nobody killed, bit for bit.
# usage: kills.sh BUILD [500]      run in the repository's root, where BUILD/tests is there
build=${1:?usage: kills.sh BUILD [how often]}
TAPIR_KILLS=${2:-500} CK_RUN_SUITE=train CK_RUN_CASE=resume "$build/tests"
