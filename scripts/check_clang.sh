#!/usr/bin/env bash
# Compiles the library with the distribution's clang, warnings as errors, and runs its core under the sanitizers: the kernels' tests
# and the fuzz targets over their corpora.
set -euo pipefail
export PRESET=clang
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_command clang++ clang
compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.asan-*.a' >/dev/null || missing+=(libclang-rt-dev)
compgen -G '/usr/lib/llvm-*/lib/clang/*/include/omp.h' >/dev/null || missing+=(libomp-dev)
need_header gtest/gtest.h libgtest-dev
set_up_libtorch
# Without NCCL, whose headers are not this check's matter.
configure SENTENCE_TRANSFORMERS_TESTS=ON SENTENCE_TRANSFORMERS_EXAMPLES=OFF -- SENTENCE_TRANSFORMERS_HAS_NCCL=OFF
for target in sentence_transformers_training kernels_test fuzz_corpus; do
  build $target
done

run_targets() {
  python3 tests/fuzz/make_corpus.py "$build/corpus"
  cd "$build"  # where an input that ends a target is left
  for folder in corpus/*/; do
    ASAN_OPTIONS=detect_leaks=0 tests/fuzz/fuzz_corpus "$(basename "$folder")" "$folder" 2
  done
}
step clang-kernels "The kernels' tests, sanitized" "read the report above." "$build/tests/kernels_test" --gtest_brief=1
step clang-fuzz "The fuzz targets, sanitized" "read the report above; $build/last_input_TARGET has the input." run_targets
