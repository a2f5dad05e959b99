#include "training/report_files.h"

#include <sentence_transformers/error.h>

#include <fstream>
#include <string_view>
#include <system_error>

#include "core/files.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

bool is_report(const fs::path& path) {
  constexpr std::string_view kBegin = "epoch,steps";
  if (path.extension() != ".csv") return false;
  std::ifstream file(path, std::ios::binary);
  std::string begin(kBegin.size(), '\0');
  return file.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == kBegin;
}

}  // namespace

std::map<std::string, int64_t> report_sizes(const fs::path& folder) {
  std::map<std::string, int64_t> sizes;
  std::error_code none;
  for (const fs::path& path : folder_entries(folder, none)) {
    if (!fs::is_regular_file(path, none) || !is_report(path)) continue;
    const std::uintmax_t size = fs::file_size(path, none);
    if (!none) sizes[path.filename().string()] = static_cast<int64_t>(size);
  }
  return sizes;
}

void cut_reports(const fs::path& folder, const std::map<std::string, int64_t>& sizes) {
  for (const auto& [name, size] : report_sizes(folder)) {
    const auto known = sizes.find(name);
    const fs::path path = folder / name;
    std::error_code error;
    if (known == sizes.end()) {
      fs::remove(path, error);
    } else if (known->second < size) {
      fs::resize_file(path, static_cast<std::uintmax_t>(known->second), error);
    }
    if (error) throw Error("[Trainer::resume] " + path.string() + ": " + error.message());
  }
}

}  // namespace sentence_transformers
