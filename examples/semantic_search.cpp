// Finds the sentences of a corpus closest to each query, first by hand, then with semantic_search.
#include <sentence_transformers/sentence_transformers.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  namespace st = sentence_transformers;
  const st::SentenceTransformer model(argc > 1 ? argv[1] : "all-MiniLM-L6-v2",
                                      {.show_progress_bar = true});

  const std::vector<std::string> corpus = {
      "A man is eating food.",
      "A man is eating a piece of bread.",
      "The girl is carrying a baby.",
      "A man is riding a horse.",
      "A woman is playing violin.",
      "Two men pushed carts through the woods.",
      "A man is riding a white horse on an enclosed ground.",
      "A monkey is playing drums.",
      "A cheetah is running behind its prey.",
  };
  const std::vector<std::string> queries = {
      "A man is eating pasta.",
      "Someone in a gorilla costume is playing a set of drums.",
      "A cheetah chases prey on across a field.",
  };
  const at::Tensor corpus_embeddings = model.encode_document(corpus);
  const at::Tensor query_embeddings = model.encode_query(queries);
  const int64_t top_k = std::min<int64_t>(5, corpus_embeddings.size(0));

  std::printf("By cos_sim and topk\n");
  for (size_t q = 0; q < queries.size(); ++q) {
    const at::Tensor scores =
        st::util::cos_sim(query_embeddings[static_cast<int64_t>(q)], corpus_embeddings)[0];  // [N]
    const auto [best, rows] = scores.topk(top_k);
    std::printf("\nQuery: %s\n", queries[q].c_str());
    for (int64_t k = 0; k < top_k; ++k) {
      std::printf("%s (Score: %.4f)\n", corpus[rows[k].item<int64_t>()].c_str(),
                  best[k].item<float>());
    }
  }

  std::printf("\nBy semantic_search\n");
  const auto results =
      st::util::semantic_search(query_embeddings, corpus_embeddings, {.top_k = top_k});
  for (size_t q = 0; q < queries.size(); ++q) {
    std::printf("\nQuery: %s\n", queries[q].c_str());
    for (const st::util::Hit& hit : results[q]) {
      std::printf("%s (Score: %.4f)\n", corpus[hit.corpus_id].c_str(), hit.score);
    }
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
