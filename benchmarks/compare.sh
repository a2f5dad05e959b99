#!/usr/bin/env bash
# From nothing to benchmarks/RESULTS.md: compare.sh DIR [compare.py's arguments]. Sets up the peers under DIR (6 GB, more
# where pip brings CUDA; what is there is kept), builds the programs and measures everything, in about half an hour.
set -euo pipefail
(($# >= 1)) || {
  echo "Usage: benchmarks/compare.sh DIR [--only PARTS] [--limit N] [--report]" >&2
  exit 2
}
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/setup.sh"
network="check the network and the disk's free space, then run this script again."

make_st() {
  python3 -m venv --clear "$dir/st"
  "$dir/st/bin/pip" install "torch==$torch_version" sentence-transformers==6.2.0 datasets accelerate scipy
}

make_ort() {
  python3 -m venv --clear "$dir/ort"
  "$dir/ort/bin/pip" install "torch==$torch_version"
  "$dir/ort/bin/pip" install 'sentence-transformers[onnx,openvino]' 'datasets<5' 'huggingface-hub<1.0' ctranslate2 scipy
}

convert_ct2() {
  "$dir/ort/bin/ct2-transformers-converter" --model "$dir/model" --output_dir "$dir/ct2" --force
}

need_venv
set_up
configure SENTENCE_TRANSFORMERS_BENCHMARKS=ON
build comparison

compgen -G "$dir/st/lib/python3*/site-packages/datasets" >/dev/null ||
  step peers-st "Installing sentence-transformers in $dir/st" "$network" make_st
compgen -G "$dir/ort/lib/python3*/site-packages/ctranslate2" >/dev/null ||
  step peers-ort "Installing ONNX Runtime, OpenVINO and CTranslate2 in $dir/ort" "$network" make_ort
compgen -G "$dir/ort/lib/python3*/site-packages/faiss" >/dev/null ||
  step peers-faiss "Installing FAISS in $dir/ort" "$network" "$dir/ort/bin/pip" install faiss-cpu
[[ -d $dir/model ]] || cp -r "$model" "$dir/model"
[[ -f $dir/long.txt ]] || step texts "Writing the texts" "apt-get update, then run this script again." \
  python3 benchmarks/workload.py "$dir"
[[ -f $dir/ov/openvino/openvino_model_qint8_quantized.bin ]] ||
  step export "Exporting the model for ONNX Runtime and OpenVINO" "read the message above." \
    "$dir/ort/bin/python" benchmarks/export_peers.py "$dir"
[[ -f $dir/ct2/model.bin ]] || step convert "Converting the model for CTranslate2" "read the message above." convert_ct2

python3 benchmarks/compare.py "$dir" --build "$build" "$@"
