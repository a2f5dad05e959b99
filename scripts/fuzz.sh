#!/usr/bin/env bash
# Searches what reads files for faults: fuzz.sh TARGET SECONDS [libFuzzer options]; tests/fuzz/README.md has the targets. Needs clang.
# What was found is kept in build/fuzz/found and taken up by the next run; an input that ends the program is left in build/fuzz/crashes.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

(($# >= 2)) || fail "usage: scripts/fuzz.sh TARGET SECONDS [libFuzzer options]" \
  "the targets: $(cd tests/fuzz && grep -l FUZZ_TARGET *.cpp | xargs -n1 basename -s .cpp | xargs)"
target=$1 seconds=$2
shift 2

need_command clang++ clang
compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a' >/dev/null || missing+=(libclang-rt-dev)
set_up_libtorch
fuzz=build/fuzz
configure_fuzz() {
  cmake -S tests/fuzz -B $fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DTorch_DIR="$torch_dir" -DSENTENCE_TRANSFORMERS_FUZZ=ON
}
step configure-fuzz "Configuring $fuzz" "read the message above." configure_fuzz
step build-fuzz "Building fuzz_$target" "read the compiler's message above." \
  cmake --build $fuzz --target "fuzz_$target" --parallel "$(jobs)"
python3 tests/fuzz/make_corpus.py $fuzz/corpus
mkdir -p "$fuzz/found/$target" $fuzz/crashes

# LibTorch keeps memory until the process ends, which is no leak of ours: what grows is found by -rss_limit_mb.
ASAN_OPTIONS=detect_leaks=0 $fuzz/"fuzz_$target" "$fuzz/found/$target" "$fuzz/corpus/$target" \
  -dict="$fuzz/corpus/$target.dict" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
  -artifact_prefix="$fuzz/crashes/$target-" -print_final_stats=1 "$@"
