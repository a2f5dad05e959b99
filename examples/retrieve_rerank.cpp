// Searches a corpus in two steps: embeddings find 100 candidates fast, a cross-encoder reads each
// of them beside the query and ranks them anew. Prints both rankings side by side.
//   retrieve_rerank MODEL CROSS_ENCODER CORPUS QUERY     (CORPUS: one text a line)
#include <sentence_transformers/sentence_transformers.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace st = sentence_transformers;
using Clock = std::chrono::steady_clock;

constexpr int64_t kCandidates = 100;
constexpr size_t kShown = 10;
constexpr size_t kWidth = 46;  // columns of a text

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == line.npos) continue;
    lines.push_back(line.substr(first, line.find_last_not_of(" \t\r") + 1 - first));
  }
  return lines;
}

/// The text cut or padded to `kWidth` characters of UTF-8.
std::string column(const std::string& text) {
  std::string result;
  size_t characters = 0;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts && ++characters > kWidth) break;
    result += c == '\t' ? ' ' : c;
  }
  result.append(kWidth - std::min(characters, kWidth), ' ');
  return result;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::fprintf(stderr, "Usage: retrieve_rerank MODEL CROSS_ENCODER CORPUS QUERY\n");
    return 1;
  }
  const st::SentenceTransformer model(argv[1], {.show_progress_bar = true});
  const st::CrossEncoder reranker(argv[2], {.show_progress_bar = true});
  const std::vector<std::string> corpus = read_lines(argv[3]);
  const std::string query = argv[4];

  auto start = Clock::now();
  const at::Tensor embeddings = model.encode_document(corpus);
  std::printf("Embedded %zu texts, once: %.0f ms\n", corpus.size(), milliseconds_since(start));

  start = Clock::now();
  const auto hits =
      st::util::semantic_search(model.encode_query(query), embeddings, {.top_k = kCandidates})[0];
  const double search_time = milliseconds_since(start);

  std::vector<std::string> candidates;
  for (const st::util::Hit& hit : hits) candidates.push_back(corpus[hit.corpus_id]);
  start = Clock::now();
  const auto ranking = reranker.rank(query, candidates);
  const double rank_time = milliseconds_since(start);

  std::printf("\nQuery: %s\n\n", query.c_str());
  const std::string left = "Embeddings: " + std::to_string(hits.size()) + " of " +
                           std::to_string(corpus.size()) + " texts";
  const std::string right = "Cross-encoder: the same " + std::to_string(hits.size());
  std::printf("%s          %s\n", column(left).c_str(), right.c_str());
  for (size_t i = 0; i < std::min(kShown, hits.size()); ++i) {
    const auto before = static_cast<size_t>(ranking[i].corpus_id);
    std::printf("%7.4f %s | %7.4f %s (was %zu)\n", hits[i].score, column(candidates[i]).c_str(),
                ranking[i].score, column(candidates[before]).c_str(), before + 1);
  }
  std::printf("\nSearched in %.1f ms, reranked in %.1f ms\n", search_time, rank_time);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
