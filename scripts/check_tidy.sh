#!/usr/bin/env bash
# Checks the library's sources with a pinned clang-tidy, by the list in .clang-tidy; files on the command line, or all.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_command git git
need_venv
set_up_libtorch
get_tool clang-tidy 23.1.4

torch=$(sed -nE 's/^set\(TORCH_INSTALL_PREFIX "(.*)"\)/\1/p' "$torch_dir/TorchConfig.cmake")
[[ -n $torch ]] || torch=$(cd "$torch_dir/../../.." && pwd)
flags=(-std=c++20 -Isrc -Iinclude -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include"
  -DSENTENCE_TRANSFORMERS_ZLIB -DSENTENCE_TRANSFORMERS_CURL)
check() {  # the sets of kernels need flags of their own, and c10d's headers stand-ins
  { (($#)) && printf '%s\0' "$@" || git -c safe.directory='*' ls-files -z 'src/*.cpp'; } |
    grep -zvE 'src/kernels/avx|src/training/process_group' |
    xargs -0 -P "$(jobs)" -I{} "$tool" --quiet {} -- "${flags[@]}"
}
step tidy "Checking the sources with clang-tidy" "mend what is said above." check "$@"
