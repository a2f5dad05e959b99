// The Hub's list of a repository's files, a page of its answer or as the cache keeps it.
#include "hub/tree.h"

#include <algorithm>
#include <array>

#include "fuzz.h"

namespace sentence_transformers {
namespace {

bool same(const Tree& a, const Tree& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.size == y.second.size &&
           x.second.blob_id == y.second.blob_id && x.second.lfs_sha256 == y.second.lfs_sha256 &&
           x.second.xet_hash == y.second.xet_hash;
  });
}

}  // namespace

FUZZ_TARGET(hub_tree) {
  static const fuzz::Folder folder;
  Tree tree;
  fuzz::accepted([&] { add_tree_page(std::string(input), "[fuzz] ", tree); });
  const auto kept = read_tree(folder.write("kept.json", input));
  for (const Tree* list : std::array<const Tree*, 2>{&tree, kept ? &*kept : nullptr}) {
    if (list == nullptr) continue;
    for (const auto& [path, file] : *list) {
      const auto inside = (std::filesystem::path("folder") / path).lexically_normal();
      fuzz::require(*inside.begin() == "folder", "no path leaves the folder");
      fuzz::require(file.etag().find_first_of("/.") == std::string::npos, "a hash names a file");
    }
    write_tree(folder.path() / "written.json", *list);
    const auto again = read_tree(folder.path() / "written.json");
    fuzz::require(again && same(*again, *list), "what is written is read again");
  }
}

}  // namespace sentence_transformers
