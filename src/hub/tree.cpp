#include "hub/tree.h"

#include <sentence_transformers/error.h>

#include <nlohmann/json.hpp>

#include "core/files.h"
#include "hub/hash.h"
#include "hub/names.h"

namespace sentence_transformers {
namespace {

constexpr int kFormat = 1;

/// nlohmann would take -1 for a very large number.
uint64_t size_of(const nlohmann::json& json, const std::string& start) {
  if (!json.is_number_unsigned()) {
    throw LoadError(start + "the list of files has a size that is none");
  }
  return json.get<uint64_t>();
}

/// Why a file may not be in the cache, or "".
std::string fault(const std::string& path, const TreeFile& file) {
  if (!is_safe_path(path)) return "a path inside the repository";
  if (!is_hexadecimal(file.blob_id, 40)) return "a git hash";
  if (file.lfs_sha256 && !is_hexadecimal(*file.lfs_sha256, 64)) return "a SHA-256";
  if (file.xet_hash && !is_hexadecimal(*file.xet_hash, 64)) return "a Xet hash";
  return "";
}

}  // namespace

void add_tree_page(const std::string& json, const std::string& start, Tree& tree) {
  try {
    const nlohmann::json page = nlohmann::json::parse(json);
    if (!page.is_array()) throw LoadError(start + "expected a list of files");
    for (const nlohmann::json& entry : page) {
      if (entry.at("type") != "file") continue;
      const auto path = entry.at("path").get<std::string>();
      TreeFile file{size_of(entry.at("size"), start), entry.at("oid").get<std::string>(), {}, {}};
      if (const auto lfs = entry.find("lfs"); lfs != entry.end() && !lfs->is_null()) {
        file.lfs_sha256 = lfs->at("oid").get<std::string>();
        file.size = size_of(lfs->at("size"), start);
      }
      if (const auto xet = entry.find("xetHash"); xet != entry.end() && !xet->is_null()) {
        file.xet_hash = xet->get<std::string>();
      }
      if (const std::string expected = fault(path, file); !expected.empty()) {
        throw LoadError(start + "file " + nlohmann::json(path).dump() + ": expected " + expected);
      }
      tree[path] = std::move(file);
    }
  } catch (const nlohmann::json::exception& e) {
    throw LoadError(start + "the list of files cannot be read: " + e.what());
  }
}

std::optional<Tree> read_tree(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  // A list that another program left broken is only asked for anew.
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(path));
    if (json.at("format_version") != kFormat) return std::nullopt;
    Tree tree;
    for (const auto& [name, entry] : json.at("files").items()) {
      TreeFile file{size_of(entry.at("size"), ""), entry.at("blob_id").get<std::string>(), {}, {}};
      if (entry.contains("lfs_sha256")) {
        file.lfs_sha256 = entry.at("lfs_sha256").get<std::string>();
        file.size = size_of(entry.at("lfs_size"), "");
      }
      if (entry.contains("xet_hash")) file.xet_hash = entry.at("xet_hash").get<std::string>();
      if (!fault(name, file).empty()) return std::nullopt;
      tree[name] = std::move(file);
    }
    return tree;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  } catch (const LoadError&) {
    return std::nullopt;
  }
}

void write_tree(const std::filesystem::path& path, const Tree& tree) {
  nlohmann::ordered_json files = nlohmann::ordered_json::object();
  for (const auto& [name, file] : tree) {
    nlohmann::ordered_json& entry = files[name];
    entry = {{"size", file.size}, {"blob_id", file.blob_id}};
    if (file.lfs_sha256) {
      entry["lfs_sha256"] = *file.lfs_sha256;
      entry["lfs_size"] = file.size;
    }
    if (file.xet_hash) entry["xet_hash"] = *file.xet_hash;
  }
  const nlohmann::ordered_json json = {{"format_version", kFormat}, {"files", files}};
  // As Python's json.dump with an indent of 1 and ASCII only.
  const std::string text = json.dump(1, ' ', true);
  write_atomically(path, [&](FileWriter& out) { out.write(text.data(), text.size()); });
}

}  // namespace sentence_transformers
