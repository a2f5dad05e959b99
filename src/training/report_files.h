// The evaluators' csv files beside a run's checkpoints: a resumed run must not write a row twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace sentence_transformers {

/// The files that evaluators write in a folder (*.csv that begin with "epoch,steps"), by name, and
/// their sizes in bytes.
std::map<std::string, int64_t> report_sizes(const std::filesystem::path& folder);

/// Cuts these files back to the sizes that a checkpoint knew; one that it did not know is removed.
/// Throws Error, naming the file, where the disk refuses.
void cut_reports(const std::filesystem::path& folder, const std::map<std::string, int64_t>& sizes);

}  // namespace sentence_transformers
