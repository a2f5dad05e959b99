#!/usr/bin/env bash
# Relative links in the pages (*.md) lead to a file, and to a heading of it where they name one.
set -euo pipefail
cd "$1"
failed=0

# The names by which the headings of a page are linked to: lower case, spaces as hyphens, no other punctuation.
anchors() { sed -nE 's/^#+ +//p' "$1" | tr '[:upper:] ' '[:lower:]-' | sed -E 's/[^a-z0-9_-]//g'; }

for page in *.md */*.md tests/*/*.md; do
  while IFS= read -r link; do
    [[ $link == *://* ]] && continue
    file=${link%%#*}
    target=$page
    [[ -z $file ]] || target=$(dirname "$page")/$file
    if [[ ! -e $target ]]; then
      echo "$page: there is no $link"
      failed=1
    elif [[ $link == *#* ]] && ! anchors "$target" | grep -qxF -- "${link#*#}"; then
      echo "$page: $target has no heading for $link"
      failed=1
    fi
  done < <(grep -oE '\]\([^) ]+\)' "$page" | sed -E 's/^\]\(|\)$//g')
done

exit $failed
