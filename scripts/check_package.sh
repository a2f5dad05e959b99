#!/usr/bin/env bash
# Uses the library as others would: installed static and shared, through pkg-config, as a subdirectory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up_tests
build sentence_transformers_training
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[[ -f $model/model.safetensors ]] && export SENTENCE_TRANSFORMERS_MODEL=$root/$model
hint="read the message above; the consumer is tests/consumer."

consume() {  # name, cmake arguments...
  local name=$1
  shift
  cmake -S tests/consumer -B "$work/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DTorch_DIR="$torch_dir" "$@"
  cmake --build "$work/$name" --parallel "$(jobs)"
  "$work/$name/consumer"
  "$work/$name/training"
}

install_static() {
  cmake --install "$build" --prefix "$work/static"
  diff <(ls include/sentence_transformers) <(ls "$work/static/include/sentence_transformers")
}

with_pkg_config() {  # prefix
  local flags
  export PKG_CONFIG_PATH=$1/lib/pkgconfig
  flags=$(pkg-config --cflags --libs sentence_transformers)
  # shellcheck disable=SC2086
  "${CXX:-c++}" tests/consumer/main.cpp $flags -Wl,-rpath,"$1/lib" -o "$work/pkg-config-consumer"
  "$work/pkg-config-consumer"
  flags=$(pkg-config --cflags --libs sentence_transformers_training)
  # shellcheck disable=SC2086
  "${CXX:-c++}" tests/consumer/training.cpp $flags -Wl,-rpath,"$1/lib" -o "$work/pkg-config-training"
  "$work/pkg-config-training"
}

step package-install "Installing the static library" "$hint" install_static
step package-static "Using it: find_package, static" "$hint" \
  consume static-consumer -DCMAKE_PREFIX_PATH="$work/static"
step package-pkg-config "Using it: pkg-config, static" "$hint" with_pkg_config "$work/static"
# One build serves two checks: the library as a subdirectory, whose shared form is then installed.
step package-subdirectory "Using it: add_subdirectory, shared (builds the library again)" "$hint" \
  consume subdirectory -DSENTENCE_TRANSFORMERS_SOURCE="$root" -DBUILD_SHARED_LIBS=ON -DCMAKE_UNITY_BUILD=ON \
  -DSENTENCE_TRANSFORMERS_INSTALL=ON
step package-install-shared "Installing the shared library" "$hint" \
  cmake --install "$work/subdirectory" --prefix "$work/shared"
step package-shared "Using it: find_package, shared" "$hint" \
  consume shared-consumer -DCMAKE_PREFIX_PATH="$work/shared"
step package-pkg-config-shared "Using it: pkg-config, shared" "$hint" with_pkg_config "$work/shared"
