#!/usr/bin/env bash
# Public headers keep JSON, sentencepiece, all of LibTorch and our rooms out; each is listed in CMake.
set -euo pipefail
cd "$1"
failed=0

forbidden='^#include ("|<(nlohmann|sentencepiece|torch/))'
if grep -nE "$forbidden" include/sentence_transformers/*.h; then
  echo "a public header may not include these"
  failed=1
fi
umbrellas=(include/sentence_transformers/{sentence_transformers,training,losses,evaluation}.h)
for header in include/sentence_transformers/*.h; do
  name=${header##*/}
  grep -qxE " *$name" src/CMakeLists.txt || { echo "src/CMakeLists.txt does not list $name"; failed=1; }
  [[ $name == sentence_transformers.h ]] ||
    grep -qF "<sentence_transformers/$name>" "${umbrellas[@]}" ||
    { echo "none of ${umbrellas[*]##*/} includes $name"; failed=1; }
  grep -qx '#pragma once' "$header" || { echo "$name lacks #pragma once"; failed=1; }
done

exit $failed
