// resave FROM TO: opens a model and saves it, for scripts that look at what Python makes of it.
#include <sentence_transformers/sentence_transformer.h>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s FROM TO\n", argv[0]);
    return 2;
  }
  sentence_transformers::SentenceTransformer(argv[1], {.device = "cpu"}).save_pretrained(argv[2]);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
