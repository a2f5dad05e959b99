// resave FROM TO [cross_encoder|sparse|multi_vector]: opens a model and saves it, for scripts that
// look at what Python makes of it.
#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/multi_vector_encoder.h>
#include <sentence_transformers/sentence_transformer.h>
#include <sentence_transformers/sparse_encoder.h>

#include <cstdio>
#include <exception>
#include <string_view>

namespace {

template <class Model>
int resave(char** argv) {
  Model(argv[1], {.device = "cpu"}).save_pretrained(argv[2]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace sentence_transformers;
  const std::string_view kind = argc == 4 ? argv[3] : "";
  if (argc == 3) return resave<SentenceTransformer>(argv);
  if (kind == "cross_encoder") return resave<CrossEncoder>(argv);
  if (kind == "sparse") return resave<SparseEncoder>(argv);
  if (kind == "multi_vector") return resave<MultiVectorEncoder>(argv);
  std::fprintf(stderr, "usage: %s FROM TO [cross_encoder|sparse|multi_vector]\n", argv[0]);
  return 2;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
