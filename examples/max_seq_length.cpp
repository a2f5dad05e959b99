// Shows how many tokens of a text the model sees, changes it, and counts what is cut.
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) try {
  namespace st = sentence_transformers;
  st::SentenceTransformer model(argc > 1 ? argv[1] : "all-MiniLM-L6-v2",
                                {.show_progress_bar = true});

  std::printf("Max Sequence Length: %lld\n", static_cast<long long>(model.max_seq_length()));
  model.set_max_seq_length(200);
  std::printf("Max Sequence Length: %lld\n", static_cast<long long>(model.max_seq_length()));

  std::string text;
  for (int i = 0; i < 300; ++i) text += "word ";
  st::EncodeReport report;
  st::EncodeOptions options;
  options.report = &report;
  model.encode(text, options);
  std::printf("A text of %lld tokens: the model saw %lld, %lld text was cut\n",
              static_cast<long long>(model.tokenizer().count_tokens(text)),
              static_cast<long long>(report.tokens), static_cast<long long>(report.truncated));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
