#!/usr/bin/env bash
# Gets the STS benchmark's sts-train.csv, sts-dev.csv and sts-test.csv into models/stsb, for the training examples.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

has_stsb || need_venv
install_packages
get_stsb
wc -l "$stsb"/*.csv
