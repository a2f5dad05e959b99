// resave FROM TO [sparse]: opens a model and saves it, for scripts that look at what Python makes
// of it.
#include <sentence_transformers/sentence_transformer.h>
#include <sentence_transformers/sparse_encoder.h>

#include <cstdio>
#include <exception>
#include <string_view>

int main(int argc, char** argv) try {
  const bool sparse = argc == 4 && std::string_view(argv[3]) == "sparse";
  if (argc != 3 && !sparse) {
    std::fprintf(stderr, "usage: %s FROM TO [sparse]\n", argv[0]);
    return 2;
  }
  using namespace sentence_transformers;
  if (sparse) {
    SparseEncoder(argv[1], {.device = "cpu"}).save_pretrained(argv[2]);
  } else {
    SentenceTransformer(argv[1], {.device = "cpu"}).save_pretrained(argv[2]);
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
