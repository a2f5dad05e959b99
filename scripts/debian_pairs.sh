#!/usr/bin/env bash
# Writes name<TAB>description of every Debian package that apt knows, a pair a line, in an order that
# mixes the alphabet: debian_pairs.sh [OUTPUT=models/debian_pairs.tsv]
set -euo pipefail
output=${1:-$(dirname "$0")/../models/debian_pairs.tsv}
mkdir -p "$(dirname "$output")"
apt-cache search . | sed -n 's/^\([^ ]*\) - \(.*[^ ].*\)$/\1\t\2/p' |
  LC_ALL=C sort -u |
  awk -F'\t' '{ gsub(/[-_.]/, " ", $1); print $1 "\t" $2 }' |
  LC_ALL=C sort -t "$(printf '\t')" -k1,1 -u |
  awk 'BEGIN { srand(7) } { printf "%.9f\t%s\n", rand(), $0 }' | LC_ALL=C sort | cut -f2- > "$output"
echo "$output: $(wc -l < "$output") pairs"
