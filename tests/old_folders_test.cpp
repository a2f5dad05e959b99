// Folders as sentence-transformers 0.x to 6.x saved them load as the Python of today loads them,
// and what it refuses is refused here.
#include <sentence_transformers/sentence_transformers.h>

#include <set>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

constexpr const char* kText = "the dog";  // as tests/golden/make_old_folders.py has it

class OldFolders : public testing::TestWithParam<json> {
 protected:
  /// tiny_bert with what the case says: other files, and the transformer in a folder of its own.
  OldFolders() {
    const json& given = GetParam();
    fs::copy(golden("tiny_bert"), folder_, fs::copy_options::recursive);
    const auto inner = given.at("transformer").get<std::string>();
    if (!inner.empty()) {
      const std::set<std::string> stay = {"modules.json", "config_sentence_transformers.json"};
      std::vector<fs::path> moved;
      for (const auto& entry : fs::directory_iterator(folder_)) {
        if (entry.is_regular_file() && !stay.count(entry.path().filename())) {
          moved.push_back(entry.path());
        }
      }
      fs::create_directories(folder_ / inner);
      for (const fs::path& path : moved) fs::rename(path, folder_ / inner / path.filename());
    }
    for (const auto& [name, content] : given.at("files").items()) {
      fs::remove(folder_ / name);
      if (!content.is_null()) write_file(folder_ / name, content.dump());
    }
  }

  TempDir dir_;
  const fs::path folder_ = dir_.path() / "model";
};

TEST_P(OldFolders, LoadAsInPython) {
  const json& given = GetParam();
  SCOPED_TRACE(given.at("name"));
  if (given.contains("error")) {
    SCOPED_TRACE(given.at("error"));
    EXPECT_THROW(SentenceTransformer(folder_.string()), Error);
    return;
  }
  const auto expected = given.at("embedding").get<std::vector<double>>();
  const at::Tensor found = SentenceTransformer(folder_.string()).encode(kText);
  EXPECT_LT(largest_difference(found, at::tensor(expected)), 4e-6);  // of up to 3
}

std::vector<json> cases() { return golden_lines("old_folders.jsonl"); }

INSTANTIATE_TEST_SUITE_P(Python, OldFolders, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name;
  for (const char c : info.param.at("name").template get<std::string>()) {
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  return name;
});

}  // namespace
}  // namespace sentence_transformers
