#!/usr/bin/env bash
# Sets everything up, builds tests and examples and runs them; arguments go to ctest.
# PRESET=asan runs them with AddressSanitizer and UndefinedBehaviorSanitizer.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up_tests
build all
ctest --preset "$preset" "$@"
