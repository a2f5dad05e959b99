// The library in a minute: embeds sentences, compares them, searches them, and says how long it
// took.
#include <sentence_transformers/sentence_transformers.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) try {
  namespace st = sentence_transformers;

  auto start = Clock::now();
  const st::SentenceTransformer model(argc > 1 ? argv[1] : "all-MiniLM-L6-v2",
                                      {.show_progress_bar = true});
  std::printf("Loaded %s in %.0f ms: %lld dimensions, up to %lld tokens a text\n",
              model.path().c_str(), milliseconds_since(start),
              static_cast<long long>(model.get_embedding_dimension()),
              static_cast<long long>(model.max_seq_length()));

  const std::vector<std::string> sentences = {
      "The weather is lovely today.",
      "It's so sunny outside!",
      "He drove to the stadium.",
      "The match begins at eight.",
  };
  start = Clock::now();
  const at::Tensor embeddings = model.encode(sentences);  // [4, 384]
  std::printf("\nEmbedded %zu sentences in %.1f ms; the first begins", sentences.size(),
              milliseconds_since(start));
  for (int64_t j = 0; j < 4; ++j) std::printf(" %.4f", embeddings[0][j].item<float>());
  std::printf("\n");

  std::printf("\nHow alike are they?\n");
  const at::Tensor scores = model.similarity(embeddings, embeddings);  // [4, 4]
  for (size_t i = 0; i < sentences.size(); ++i) {
    for (int64_t j = 0; j < scores.size(1); ++j) {
      std::printf("%8.4f", scores[static_cast<int64_t>(i)][j].item<float>());
    }
    std::printf("   %s\n", sentences[i].c_str());
  }

  const std::string query = "Is it warm enough for a walk?";
  start = Clock::now();
  const auto hits =
      st::util::semantic_search(model.encode_query(query), embeddings, {.top_k = 2})[0];
  std::printf("\nSearched for \"%s\" in %.1f ms:\n", query.c_str(), milliseconds_since(start));
  for (const st::util::Hit& hit : hits) {
    std::printf("%8.4f   %s\n", hit.score, sentences[hit.corpus_id].c_str());
  }

  std::vector<std::string> many;  // that differ: equal ones would be embedded once
  for (int i = 0; i < 500; ++i) {
    many.push_back(std::to_string(i) + " of 500: " + sentences[i % sentences.size()]);
  }
  start = Clock::now();
  model.encode(many);
  const double elapsed = milliseconds_since(start);
  std::printf("\nEmbedded %zu sentences in %.0f ms: %.0f a second\n", many.size(), elapsed,
              1000 * static_cast<double>(many.size()) / elapsed);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
