// Shows which words a sparse encoder (such as SPLADE) gives each text, and which two texts share:
//   sparse_encoder MODEL [QUERY DOCUMENT]
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace st = sentence_transformers;

namespace {

void print(const std::string& title, const std::vector<st::WeightedToken>& tokens) {
  std::printf("\n%s\n ", title.c_str());
  for (const auto& [token, weight] : tokens) std::printf(" %s %.2f", token.c_str(), weight);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "Usage: sparse_encoder MODEL [QUERY DOCUMENT]\n");
    return 1;
  }
  const st::SparseEncoder model(argv[1], {.show_progress_bar = true});
  const std::string query = argc == 4 ? argv[2] : "How many people live in Berlin?";
  std::vector<std::string> documents = {
      "About 3.7 million people live in Berlin.",
      "Berlin is well known for its museums.",
      "The population of Munich passed one million in 1957.",
  };
  if (argc == 4) documents = {argv[3]};

  const at::Tensor asked = model.encode_query(query);           // [V], sparse
  const at::Tensor found = model.encode_document(documents);    // [N, V], sparse
  const at::Tensor scores = model.similarity(asked, found)[0];  // [N]
  print(query, model.decode(asked, 10));
  for (size_t i = 0; i < documents.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    print(documents[i], model.decode(found[row], 10));
    std::printf("  score %.4f, shared:", scores[row].item<float>());
    for (const auto& [token, weight] :
         model.decode(st::SparseEncoder::intersection(asked, found[row]), 5)) {
      std::printf(" %s %.2f", token.c_str(), weight);
    }
    std::printf("\n");
  }
  const st::Sparsity sparsity = st::SparseEncoder::sparsity(found);
  std::printf("\n%.1f of %lld dimensions are active\n", sparsity.active_dims,
              static_cast<long long>(model.get_embedding_dimension()));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
