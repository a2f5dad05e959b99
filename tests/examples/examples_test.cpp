// Runs each example program with all-MiniLM-L6-v2 and compares the numbers it prints with Python's.
#include <gtest/gtest.h>
#include <sentence_transformers/sentence_transformers.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "programs.h"

namespace {

namespace fs = std::filesystem;

// What sentence-transformers prints for the first sentence of compute_embeddings.
constexpr double kFirstRow[] = {-1.37173552e-02, -4.28515449e-02, -1.56286024e-02, 1.40537303e-02,
                                3.95537727e-02,  1.21796280e-01,  2.94334106e-02,  -3.17524187e-02};
constexpr double kRowTolerance = 1e-6;
// Scores are printed with four decimals, so the last one may differ by rounding.
constexpr double kScoreTolerance = 1.01e-4;

struct Scored {
  double score;
  std::vector<std::string> texts;
};

/// The lines from `first` on hold these texts and end with these scores.
void expect_scores(const std::vector<std::string>& printed, size_t first,
                   const std::vector<Scored>& expected) {
  ASSERT_LE(first + expected.size(), printed.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    std::string line = printed[first + i];
    for (const std::string& text : expected[i].texts) {
      EXPECT_NE(line.find(text), std::string::npos) << text << " is not in: " << line;
    }
    if (line.ends_with(')')) line.pop_back();
    EXPECT_NEAR(std::atof(line.substr(line.find_last_of(" \t") + 1).c_str()), expected[i].score,
                kScoreTolerance)
        << line;
  }
}

class Examples : public testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("SENTENCE_TRANSFORMERS_MODEL");
    model_ = folder != nullptr ? folder : SOURCE_FOLDER "/models/all-MiniLM-L6-v2";
    if (!fs::exists(model_ + "/model.safetensors")) {
      GTEST_SKIP() << "no model in " << model_ << "; scripts/test.sh gets it";
    }
    folder_ = fs::temp_directory_path() / ("examples_test-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::vector<std::string> run_lines(const std::string& program,
                                     std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), model_);
    const Result result = run(program, arguments);
    EXPECT_EQ(result.status, 0) << result.output;
    return lines(result.output);
  }

  std::string model_;
  fs::path folder_;
};

TEST_F(Examples, ComputeEmbeddings) {
  const auto printed = run_lines("compute_embeddings");
  const size_t at =
      find_line(printed, "Sentence: This framework generates embeddings for each input sentence");
  ASSERT_LT(at + 2, printed.size());
  ASSERT_TRUE(printed[at + 1].starts_with("Embedding: ["));
  std::istringstream numbers(printed[at + 1].substr(12) + " " + printed[at + 2]);
  for (const double expected : kFirstRow) {
    double found = NAN;
    numbers >> found;
    EXPECT_NEAR(found, expected, kRowTolerance);
  }
}

TEST_F(Examples, SimilarPairs) {
  const auto printed = run_lines("similar_pairs");
  ASSERT_EQ(printed.size(), 6u);
  expect_scores(printed, 1,
                {{0.3594, {"hiking", "barbecue"}},
                 {0.2693, {"guitar", "keyboard"}},
                 {0.2659, {"guitar", "parrot"}},
                 {0.2262, {"pizza", "bicycle"}},
                 {0.1560, {"dinner", "black horse"}}});
}

TEST_F(Examples, MaxSeqLength) {
  const auto printed = run_lines("max_seq_length");
  ASSERT_EQ(printed.size(), 3u);
  EXPECT_EQ(printed[0], "Max Sequence Length: 256");
  EXPECT_EQ(printed[1], "Max Sequence Length: 200");
  EXPECT_EQ(printed[2], "A text of 302 tokens: the model saw 200, 1 text was cut");
}

TEST_F(Examples, StoreEmbeddings) {
  const auto printed = run_lines("store_embeddings", {path("stored.safetensors")});
  ASSERT_EQ(printed.size(), 7u);
  EXPECT_TRUE(printed[0].starts_with("3 sentences, embeddings [3, 384] in ")) << printed[0];
  EXPECT_EQ(printed[1], "Sentence: This framework generates embeddings for each input sentence");
  std::istringstream numbers(printed[2].substr(printed[2].find('[') + 1));
  for (int i = 0; i < 3; ++i) {
    double found = NAN;
    numbers >> found;
    EXPECT_NEAR(found, kFirstRow[i], kRowTolerance);
  }
  EXPECT_EQ(printed[5], "Sentence: The quick brown fox jumps over the lazy dog.");
}

TEST_F(Examples, PairwiseScores) {
  const auto printed = run_lines("pairwise_scores");
  ASSERT_EQ(printed.size(), 10u);
  expect_scores(printed, 0,
                {{0.2394, {"dog", "jogging"}},
                 {0.2189, {"sunsets", "beach"}},
                 {0.1737, {"sunsets", "concert"}},
                 {0.1624, {"sunsets", "coffee"}},
                 {0.1570, {"beach", "sushi"}},
                 {0.1497, {"sushi", "concert"}},
                 {0.1474, {"beach", "concert"}},
                 {0.1213, {"dog", "coffee"}},
                 {0.1205, {"coffee", "concert"}},
                 {0.1200, {"picnic", "beach"}}});
}

TEST_F(Examples, SemanticSearchBothWays) {
  const auto printed = run_lines("semantic_search");
  for (const char* way : {"By cos_sim and topk", "By semantic_search"}) {
    SCOPED_TRACE(way);
    const size_t start = find_line(printed, way);
    expect_scores(printed, find_line(printed, "Query: A man is eating pasta.", start) + 1,
                  {{0.7035, {"food"}},
                   {0.5272, {"bread"}},
                   {0.1889, {"a horse"}},
                   {0.1047, {"white horse"}},
                   {0.0980, {"cheetah"}}});
    expect_scores(
        printed,
        find_line(printed, "Query: Someone in a gorilla costume is playing a set of drums.",
                  start) +
            1,
        {{0.6433, {"monkey"}},
         {0.2564, {"violin"}},
         {0.1389, {"a horse"}},
         {0.1191, {"white horse"}},
         {0.1080, {"cheetah"}}});
    expect_scores(printed,
                  find_line(printed, "Query: A cheetah chases prey on across a field.", start) + 1,
                  {{0.8253, {"cheetah"}},
                   {0.1399, {"food"}},
                   {0.1292, {"monkey"}},
                   {0.1097, {"white horse"}}});
  }
}

TEST_F(Examples, Quickstart) {
  const auto printed = run_lines("quickstart");
  ASSERT_FALSE(printed.empty());
  EXPECT_NE(printed[0].find("384 dimensions, up to 256 tokens"), std::string::npos) << printed[0];
  EXPECT_TRUE(printed.back().ends_with(" a second")) << printed.back();
}

TEST_F(Examples, EncodeWritesRowsAndReports) {
  std::ofstream(path("texts.txt"))
      << "This framework generates embeddings for each input sentence\r\n\nlast line";
  const Result result = run("encode", {"--model", model_, path("texts.txt"), path("out.npy")});
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_TRUE(result.output.starts_with("3 texts, ")) << result.output;
  EXPECT_NE(result.output.find(" 0 truncated, "), std::string::npos) << result.output;
  EXPECT_NE(result.output.find(" texts/s\n"), std::string::npos) << result.output;

  const at::Tensor rows = sentence_transformers::load_npy(path("out.npy"));
  ASSERT_EQ(rows.sizes(), at::IntArrayRef({3, 384}));
  for (int64_t j = 0; j < 8; ++j)
    EXPECT_NEAR(rows[0][j].item<float>(), kFirstRow[j], kRowTolerance);
}

TEST_F(Examples, EncodeTakesEveryFlag) {
  std::ofstream(path("texts.txt")) << "a first text of several words\na second text\n";
  const Result result = run("encode", {"--model=" + model_,
                                       "--device=cpu",
                                       "--dtype",
                                       "float32",
                                       "--model-truncate-dim",
                                       "128",
                                       "--cache-folder",
                                       "/nowhere",
                                       "--max-seq-length",
                                       "5",
                                       "--query",
                                       "--prompt",
                                       "query: ",
                                       "--batch-size",
                                       "1",
                                       "--progress",
                                       "--precision",
                                       "ubinary",
                                       "--normalize",
                                       "--truncate-dim=64",
                                       path("texts.txt"),
                                       path("out.npy")});
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("2 texts, 10 tokens, 2 truncated, "), std::string::npos)
      << result.output;
  const at::Tensor rows = sentence_transformers::load_npy(path("out.npy"));
  EXPECT_EQ(rows.sizes(), at::IntArrayRef({2, 8}));
  EXPECT_EQ(rows.scalar_type(), at::kByte);
}

TEST_F(Examples, EncodeReadsStandardInput) {
  const Result result =
      run("encode", {"--model", model_, "--document", "-", path("out.npy")}, "2>&1 </dev/null");
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_TRUE(result.output.starts_with("0 texts, 0 tokens, 0 truncated, ")) << result.output;
}

const std::string kTinyCross = SOURCE_FOLDER "/tests/golden/tiny_cross";

TEST_F(Examples, SparseEncoderShowsWords) {
  const std::string model = SOURCE_FOLDER "/tests/golden/sparse/bert";
  const Result listed = run("sparse_encoder", {model});
  EXPECT_EQ(listed.status, 0) << listed.output;
  EXPECT_NE(listed.output.find("of 178 dimensions are active"), std::string::npos);
  const Result two = run("sparse_encoder", {model, "the dog", "a cat"});
  EXPECT_NE(two.output.find("shared:"), std::string::npos);
  EXPECT_EQ(run("sparse_encoder", {}).status, 1);
  EXPECT_EQ(run("sparse_encoder", {"/nowhere/model"}).status, 1);
}

TEST(MultiVectorEncoderProgram, RanksAndPools) {
  const std::string model = SOURCE_FOLDER "/tests/golden/multi_vector/bert";
  const Result ranked = run("multi_vector_encoder", {model});
  ASSERT_EQ(ranked.status, 0) << ranked.output;
  const auto printed = lines(ranked.output);
  const size_t first = find_line(printed, "How many people live in Berlin?") + 1;
  ASSERT_EQ(printed.size(), first + 8) << ranked.output;
  EXPECT_GE(std::atof(printed[first].c_str()), std::atof(printed[first + 2].c_str()));
  EXPECT_EQ(printed[first + 4], "24 vectors of the query, 16 dimensions");
  EXPECT_TRUE(printed[first + 7].starts_with("pool_factor 4:")) << printed[first + 7];
  EXPECT_EQ(run("multi_vector_encoder", {model, "the dog", "a cat", "he"}).status, 0);
  EXPECT_EQ(run("multi_vector_encoder", {model, "the dog"}).status, 1);
  EXPECT_EQ(run("multi_vector_encoder", {"/nowhere/model"}).status, 1);
}

TEST(CrossEncoderProgram, ScoresAndRanks) {
  const Result both = run("cross_encoder", {kTinyCross});
  ASSERT_EQ(both.status, 0) << both.output;
  const auto printed = lines(both.output);
  EXPECT_TRUE(printed[0].ends_with("tiny_cross: 1 label, pairs of up to 64 tokens")) << printed[0];
  const size_t at = find_line(printed, "How many people live in Berlin?");
  ASSERT_EQ(printed.size(), at + 5);
  for (size_t i = at + 2; i < printed.size(); ++i) {
    EXPECT_GE(std::atof(printed[i - 1].c_str()), std::atof(printed[i].c_str()));
  }
  const Result classes = run("cross_encoder", {kTinyCross + "_labels", "a dog", "the cat"});
  ASSERT_EQ(classes.status, 0) << classes.output;
  EXPECT_EQ(lines(classes.output)[2], "a dog | the cat");
  EXPECT_EQ(lines(classes.output).size(), 4u);

  EXPECT_EQ(run("cross_encoder", {}).status, 1);
  EXPECT_EQ(run("cross_encoder", {"/nowhere/model"}).status, 1);
}

TEST(RetrieveRerankProgram, PrintsBothRankings) {
  const std::string corpus = SOURCE_FOLDER "/LICENSE";
  const std::string model = SOURCE_FOLDER "/tests/golden/tiny_bert";
  const Result result = run("retrieve_rerank", {model, kTinyCross, corpus, "a dog"});
  ASSERT_EQ(result.status, 0) << result.output;
  const auto printed = lines(result.output);
  ASSERT_EQ(printed.size(), 17u) << result.output;
  EXPECT_TRUE(printed[0].starts_with("Embedded ")) << printed[0];
  EXPECT_EQ(printed[2], "Query: a dog");
  EXPECT_TRUE(printed[4].starts_with("Embeddings: ")) << printed[4];
  for (size_t i = 5; i < 15; ++i) EXPECT_NE(printed[i].find(" (was "), std::string::npos);
  EXPECT_TRUE(printed[16].starts_with("Searched in ")) << printed[16];

  EXPECT_EQ(run("retrieve_rerank", {model}).status, 1);
  EXPECT_EQ(run("retrieve_rerank", {model, kTinyCross, "/nowhere", "a dog"}).status, 1);
}

TEST(EncodeProgram, ExplainsMistakes) {
  const std::vector<Mistake> mistakes = {
      {{}, "expected TEXTS and OUTPUT.npy, found 0"},
      {{"a", "b", "c"}, "expected TEXTS and OUTPUT.npy, found 3"},
      {{"--wrong"}, "unknown flag --wrong"},
      {{"--model"}, "--model needs a value"},
      {{"--batch-size", "many"}, "--batch-size needs an integer, not \"many\""},
      {{"--normalize=yes"}, "--normalize takes no value"},
      {{"--dtype", "int4"}, "--dtype is \"int4\""},
      {{"--precision", "int4"}, "int4"},
      {{"/nowhere/texts", "out.npy"}, "cannot open /nowhere/texts"},
      {{"--model", "/nowhere/model", "/dev/null", "out.npy"}, "/nowhere/model"},
  };
  expect_mistakes("encode", mistakes);
}

TEST(EncodeProgram, HelpAndVersion) {
  expect_help("encode",
              {"--model", "--device", "--dtype", "--model-truncate-dim", "--cache-folder",
               "--max-seq-length", "--query", "--document", "--prompt", "--prompt-name",
               "--batch-size", "--progress", "--precision", "--normalize", "--truncate-dim"});
  EXPECT_EQ(run("encode", {"--version"}).output, "encode " SENTENCE_TRANSFORMERS_VERSION "\n");
}

}  // namespace
