#!/usr/bin/env bash
# The library neither prints (the progress bar alone writes to stderr) nor ends the process.
set -euo pipefail
cd "$1"
failed=0

# file:line:code for all sources, line comments left out
code() { grep -rnE "$1" src include --include='*.h' --include='*.cpp' | grep -vE '^[^:]+:[0-9]+: *//' |
  sed -E 's@ //.*@@' | grep -E "$1"; }

prints='std::(cout|cerr|clog)|(^|[^a-z_])(f|v|vf)?printf *\(|(^|[^a-z_])f?put[cs] *\(|stderr|stdout|TORCH_WARN|std::perror'
if code "$prints" | grep -v '^src/core/progress\.cpp:'; then
  echo "the library may not print"
  failed=1
fi
ends='(^|[^a-z_.>])(abort|exit|_exit|quick_exit|terminate) *\(|(^|[^a-z_])assert *\(|TORCH_CHECK|TORCH_INTERNAL_ASSERT'
if code "$ends"; then
  echo "the library may not end the process, and throws its own errors"
  failed=1
fi

exit $failed
