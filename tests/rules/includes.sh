#!/usr/bin/env bash
# Rooms include downwards only: core <- kernels <- nn <- encoders <- modules <- top, core <- tokenizers <- modules.
set -euo pipefail
cd "$1/src"
failed=0

complain() {
  echo "$1"
  failed=1
}

# Every include of `files` that matches `pattern` must match `allowed`.
check() {  # what, pattern, allowed, files...
  local what=$1 pattern=$2 allowed=$3 line
  shift 3
  while IFS= read -r line; do
    [[ ${line#*:*:} =~ $allowed ]] || complain "$what may not have this: $line"
  done < <(grep -HnE "^#include $pattern" "$@")
}

room() {  # name, rooms it may include, public headers it may include
  local files
  mapfile -t files < <(find "$1" -name '*.h' -o -name '*.cpp' -o -name '*.inc')
  ((${#files[@]})) || return 0
  check "src/$1" '"' "\"($2)/" "${files[@]}"
  check "src/$1" '<sentence_transformers/' "<sentence_transformers/($3)\\.h>" "${files[@]}"
}

types='auto_encoder_outputs|error|quantization|similarity|token_pooling|tokenizer|version'
room core 'core' 'error'
room kernels 'core|kernels' 'error'
room nn 'core|kernels|nn' 'error|quantization'
room encoders 'core|nn|encoders' 'error'
room tokenizers 'core|tokenizers' 'error|tokenizer'
room hub 'core|hub' 'error|hub|version'
room data 'core|data' 'dataset|error'
room modules 'core|nn|encoders|tokenizers|modules' "$types"
room model 'core|kernels|nn|encoders|tokenizers|modules|model' "$types|[a-z_]+"
room retrieval 'core|kernels|retrieval' 'error|maxsim|retrieval|sentence_transformer|similarity'
room storage 'core' 'error|storage'
room evaluation 'core|evaluation' '[a-z_]+'
room training 'core|nn|training' '[a-z_]+'

known='core kernels nn encoders tokenizers hub data modules model retrieval storage evaluation training'
for folder in */; do
  [[ " $known " == *" ${folder%/} "* ]] || complain "src/$folder has no rule in tests/rules/includes.sh"
done

# These know no model: tensors in, tensors out.
for source in similarity quantization span; do
  check "src/$source.cpp" '"' '"core/' "$source.cpp"
  check "src/$source.cpp" '<sentence_transformers/' \
    '<sentence_transformers/(error|similarity|quantization|span)\.h>' "$source.cpp"
done

# A third-party header is one file's business.
while IFS= read -r file; do
  [[ $file == ./tokenizers/sentencepiece.cpp ]] || complain "$file includes sentencepiece's header"
done < <(grep -rlE '^#include <sentencepiece' .)

exit $failed
