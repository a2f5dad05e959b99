#!/usr/bin/env bash
# Sets everything up and prints the accuracy on the STS benchmark's test set, in float32, bfloat16 and int8.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

has_stsb || need_venv
set_up
get_stsb
configure SENTENCE_TRANSFORMERS_BENCHMARKS=ON
build sts_benchmark

program=$build/benchmarks/sts_benchmark data=$stsb/sts-test.csv
printf 'float32   ' && "$program" "$model" "$data"
printf 'bfloat16  ' && "$program" "$model" "$data" --dtype bfloat16
printf 'int8      ' && "$program" "$model" "$data" --quantization int8
