#!/usr/bin/env bash
# From a fresh Debian or Ubuntu to embeddings: sets everything up, builds and runs examples/quickstart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up
configure SENTENCE_TRANSFORMERS_EXAMPLES=ON -- SENTENCE_TRANSFORMERS_TESTS=OFF CMAKE_UNITY_BUILD=ON
build quickstart
"$build/examples/quickstart" "$@"
