// Ranks documents by late interaction (ColBERT and its kin), and shows what fewer vectors cost:
//   multi_vector_encoder MODEL [QUERY DOCUMENT...]
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace st = sentence_transformers;

int main(int argc, char** argv) try {
  if (argc != 2 && argc < 4) {
    std::fprintf(stderr, "Usage: multi_vector_encoder MODEL [QUERY DOCUMENT...]\n");
    return 1;
  }
  const st::MultiVectorEncoder model(argv[1], {.show_progress_bar = true});
  const std::string query = argc > 2 ? argv[2] : "How many people live in Berlin?";
  std::vector<std::string> documents(argv + (argc > 2 ? 3 : 2), argv + argc);
  if (documents.empty()) {
    documents = {
        "Berlin is well known for its museums.",
        "About 3.7 million people live in Berlin.",
        "The population of Munich passed one million in 1957.",
    };
  }

  std::printf("%s\n", query.c_str());
  for (const st::util::Hit& hit : model.rank(query, documents)) {
    std::printf("  %8.4f  %s\n", hit.score, documents[hit.corpus_id].c_str());
  }

  // The same by hand: a tensor [tokens, D] for each text, which may be stored with fewer vectors.
  const at::Tensor asked = model.encode_query(query);
  const std::vector<at::Tensor> found = model.encode_document(documents);
  std::printf("\n%lld vectors of the query, %lld dimensions\n",
              static_cast<long long>(asked.size(0)), static_cast<long long>(asked.size(1)));
  for (const double factor : {1.0, 2.0, 4.0}) {
    const st::HierarchicalTokenPooling pooling{.pool_factor = factor};
    std::vector<at::Tensor> pooled;
    for (const at::Tensor& document : found) pooled.push_back(pooling.pool(document));
    const at::Tensor scores = model.similarity({asked}, pooled)[0];
    std::printf("pool_factor %.0f:", factor);
    for (size_t i = 0; i < pooled.size(); ++i) {
      std::printf("  %.4f by %lld", scores[static_cast<int64_t>(i)].item<float>(),
                  static_cast<long long>(pooled[i].size(0)));
    }
    std::printf("\n");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
