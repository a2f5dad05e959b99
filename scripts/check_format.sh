#!/usr/bin/env bash
# Checks that every C++ file is formatted as .clang-format says, with a pinned clang-format.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_command git git
need_venv
install_packages
get_tool clang-format 18.1.8
check() {
  git -c safe.directory='*' ls-files -z '*.h' '*.cpp' 'src/kernels/*.inc' |
    xargs -0 "$tool" --dry-run --Werror
}
step format "Checking the format of the C++ files" "run $tool -i on the files above." check
