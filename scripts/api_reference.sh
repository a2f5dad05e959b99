#!/usr/bin/env bash
# Makes the API reference of the public headers in build/doc; a public name without a docstring is an error.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

make_reference() {
  rm -rf build/doc
  doxygen scripts/Doxyfile
}

need_command doxygen doxygen
install_packages
step api-reference "Making the API reference, build/doc/html/index.html" \
  "write the docstrings that are named above." make_reference
