#!/usr/bin/env bash
# Feeds the reader of pytorch_model.bin with broken files for some seconds (600), sanitized; needs clang++.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_compiler
need_command clang++ clang
install_packages
torch_dir=$(given_torch)
get_torch
torch=$(sed -nE 's/^set\(TORCH_INSTALL_PREFIX "(.*)"\)/\1/p' "$torch_dir/TorchConfig.cmake")
[[ -n $torch ]] || torch=$(cd "$torch_dir/../../.." && pwd)
work=build/fuzz
mkdir -p "$work/corpus"
cp tests/golden/torch_files/*.bin "$work/corpus"

sources=(tests/fuzz/torch_file_fuzzer.cpp src/core/{torch_file,unpickle,unpickle_objects,zip}.cpp
  src/core/{files,safetensors}.cpp)
step fuzz-build "Building the fuzzer" "read the compiler's message above." \
  clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize=vptr \
  -fno-sanitize-recover=undefined -DSENTENCE_TRANSFORMERS_ZLIB -Isrc -Iinclude \
  -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include" "${sources[@]}" \
  -L"$torch/lib" -Wl,-rpath,"$torch/lib" -ltorch_cpu -lc10 -lz -o "$work/torch_file_fuzzer"
"$work/torch_file_fuzzer" -max_total_time="${1:-600}" -max_len=200000 -rss_limit_mb=4096 \
  -artifact_prefix="$work/" "$work/corpus"
