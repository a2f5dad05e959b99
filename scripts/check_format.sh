#!/usr/bin/env bash
# Checks that every C++ file is formatted as .clang-format says, with a pinned clang-format.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

version=18.1.8
venv=build/venv-format
install_clang_format() {
  python3 -m venv --clear $venv
  $venv/bin/python -m pip install clang-format==$version
  touch $venv/.ready-$version
}
check() {
  git -c safe.directory='*' ls-files -z '*.h' '*.cpp' 'src/kernels/*.inc' |
    xargs -0 $venv/bin/clang-format --dry-run --Werror
}

need_command git git
if [[ ! -f $venv/.ready-$version ]]; then need_venv; fi
install_packages
[[ -f $venv/.ready-$version ]] ||
  step clang-format "Getting clang-format $version into $venv" "check the network." install_clang_format
step format "Checking the format of the C++ files" "run $venv/bin/clang-format -i on the files above." check
