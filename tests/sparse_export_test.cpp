// Files for search engines, read back.
#include <ATen/ATen.h>
#include <sentence_transformers/sparse_export.h>

#include <sstream>

#include "core/files.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

const SparseEncoder& model() {
  static const SparseEncoder model(golden("sparse/bert").string(), {.device = "cpu"});
  return model;
}
std::vector<std::string> texts() { return golden_json("sparse.json")["texts"]; }
std::vector<std::string> ids() {
  std::vector<std::string> ids;
  for (size_t i = 0; i < texts().size(); ++i) ids.push_back("d\"" + std::to_string(i) + "é");
  return ids;
}

class SparseExport : public testing::Test {
 protected:
  std::vector<json> lines() const {
    std::istringstream text(read_file(file_));
    std::vector<json> found;
    for (std::string line; std::getline(text, line);) found.push_back(json::parse(line));
    return found;
  }
  /// Of the embeddings below, so that what is read back can be compared with equality.
  NextDocuments documents(int64_t chunk_size = 3) const {
    return [this, chunk_size, begin = int64_t{0}]() mutable -> std::optional<SparseDocuments> {
      const int64_t count = std::min(chunk_size, embeddings_.size(0) - begin);
      if (count == 0) return std::nullopt;
      const std::vector<std::string> all = ids();
      SparseDocuments some{{all.begin() + begin, all.begin() + begin + count},
                           embeddings_.narrow(0, begin, count)};
      begin += count;
      return some;
    };
  }

  const at::Tensor embeddings_ = model().encode_document(texts()).to_dense();
  const Tokenizer& tokens_ = model().tokenizer();
  TempDir dir_;
  const fs::path file_ = dir_.path() / "documents.jsonl";
};

TEST_F(SparseExport, DocumentsAreEncodedInChunks) {
  const NextDocuments next = encoded_documents(model(), ids(), texts(), {}, 3);
  std::vector<std::string> found_ids;
  std::vector<at::Tensor> found;
  while (const auto some = next()) {
    EXPECT_LE(some->ids.size(), 3u);
    found_ids.insert(found_ids.end(), some->ids.begin(), some->ids.end());
    found.push_back(some->embeddings.to_dense());
  }
  EXPECT_EQ(found_ids, ids());
  EXPECT_LE(largest_difference(at::cat(found), embeddings_), 1e-5);
}

TEST_F(SparseExport, ImpactsOfAnserini) {
  write_impact_documents(file_, documents(), &tokens_, 10);
  const std::vector<json> found = lines();
  ASSERT_EQ(found.size(), texts().size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i]["id"], ids()[i]);
    EXPECT_EQ(found[i]["contents"], "");
    size_t impacts = 0;
    for (int64_t token = 0; token < embeddings_.size(1); ++token) {
      const auto impact =
          std::llround(embeddings_[static_cast<int64_t>(i)][token].item<double>() * 10);
      if (impact < 1) continue;
      EXPECT_EQ(found[i]["vector"][tokens_.id_to_token(token)], impact);
      ++impacts;
    }
    EXPECT_EQ(found[i]["vector"].size(), impacts);
  }
}

TEST_F(SparseExport, PointsOfQdrant) {
  write_qdrant_points(file_, documents(), "splade");
  const std::vector<json> found = lines();
  ASSERT_EQ(found.size(), texts().size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i]["id"], i);
    EXPECT_EQ(found[i]["payload"]["id"], ids()[i]);
    const json& vector = found[i]["vector"]["splade"];
    at::Tensor row = at::zeros({embeddings_.size(1)});
    ASSERT_EQ(vector["indices"].size(), vector["values"].size());
    for (size_t j = 0; j < vector["indices"].size(); ++j) {
      row[vector["indices"][j].get<int64_t>()] = vector["values"][j].get<double>();
    }
    EXPECT_TRUE(at::equal(row, embeddings_[static_cast<int64_t>(i)]));
  }
}

TEST_F(SparseExport, InvertedListInAnyMemory) {
  std::vector<json> whole;
  for (const size_t memory : {size_t{1} << 20, size_t{4000}, size_t{900}}) {
    write_inverted_list(file_, documents(memory > 1000 ? 3 : 100), &tokens_, memory);
    const std::vector<json> found = lines();
    if (whole.empty()) whole = found;
    EXPECT_EQ(found, whole) << memory;
  }
  at::Tensor read = at::zeros_like(embeddings_);
  int64_t last = -1;
  for (const json& line : whole) {
    const int64_t token = *tokens_.token_to_id(line["token"].get<std::string>());
    EXPECT_LT(last, token);
    last = token;
    for (const json& posting : line["postings"]) {
      const auto names = ids();
      const auto document = std::find(names.begin(), names.end(), posting[0]) - names.begin();
      read[document][token] = posting[1].get<double>();
    }
  }
  EXPECT_TRUE(at::equal(read, embeddings_));
}

TEST_F(SparseExport, DimensionsWithoutTokensHaveNumbers) {
  bool given = false;
  const NextDocuments once = [&]() -> std::optional<SparseDocuments> {
    if (std::exchange(given, true)) return std::nullopt;
    return SparseDocuments{{"a", "b"}, at::tensor({0.f, 2.f, 0.5f, 0.f, 0.25f, 0.f}).view({2, 3})};
  };
  write_inverted_list(file_, once, nullptr);
  EXPECT_EQ(lines(), (std::vector<json>{
                         json::parse(R"({"token": "1", "postings": [["a", 2], ["b", 0.25]]})"),
                         json::parse(R"({"token": "2", "postings": [["a", 0.5]]})")}));
  given = false;
  write_impact_documents(file_, once, nullptr, 1);
  EXPECT_EQ(lines()[0]["vector"], json({{"1", 2}, {"2", 1}}));
  EXPECT_EQ(lines()[1]["vector"], json::object());
}

TEST_F(SparseExport, RefusesWhatDoesNotFit) {
  EXPECT_THROWS(std::invalid_argument, encoded_documents(model(), {"a"}, {}),
                "[encoded_documents] expected an id for each of 0 texts, found 1");
  EXPECT_THROWS(std::invalid_argument, encoded_documents(model(), {}, {}, {}, 0),
                "chunk_size of at least 1, found 0");
  EXPECT_THROWS(std::invalid_argument, write_impact_documents(file_, documents(), &tokens_, 0),
                "[write_impact_documents] quantization_factor is 0", "a positive number");
  const auto always = [](std::vector<std::string> some, const at::Tensor& embeddings) {
    return [=]() -> std::optional<SparseDocuments> { return SparseDocuments{some, embeddings}; };
  };
  EXPECT_THROWS(std::invalid_argument,
                write_qdrant_points(file_, always({"a"}, at::ones({2, 3}, at::kFloat))),
                "[write_qdrant_points] expected an id for each of 2 embeddings, found 1");
  EXPECT_THROWS(
      std::invalid_argument,
      write_impact_documents(file_, always({"a"}, at::ones({1, 200}, at::kFloat)), &tokens_),
      "expected embeddings of at most 178 dimensions, as there are tokens", "one of dimension 178");
  EXPECT_THROWS(
      std::invalid_argument,
      write_inverted_list(file_, always({"a"}, at::ones({1, 2}, at::kFloat) / 0), nullptr),
      "[write_inverted_list] expected finite weights");
  EXPECT_FALSE(fs::exists(file_));
}

}  // namespace
}  // namespace sentence_transformers
