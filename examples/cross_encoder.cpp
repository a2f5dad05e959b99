// Scores two sentences as a pair, and ranks a list of answers to a question:
//   cross_encoder MODEL [FIRST SECOND]
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  namespace st = sentence_transformers;
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "Usage: cross_encoder MODEL [FIRST SECOND]\n");
    return 1;
  }
  const st::CrossEncoder model(argv[1], {.show_progress_bar = true});
  std::printf("%s: %lld %s, pairs of up to %lld tokens\n", model.path().c_str(),
              static_cast<long long>(model.num_labels()),
              model.num_labels() == 1 ? "label" : "labels",
              static_cast<long long>(model.max_length()));

  std::vector<st::TextPair> pairs = {
      {"The weather is lovely today.", "It's so sunny outside!"},
      {"The weather is lovely today.", "He drove to the stadium."},
  };
  if (argc == 4) pairs = {{argv[2], argv[3]}};
  const at::Tensor scores = model.predict(pairs).reshape({-1, model.num_labels()});
  for (size_t i = 0; i < pairs.size(); ++i) {
    std::printf("\n%s | %s\n ", pairs[i].first.c_str(), pairs[i].second.c_str());
    for (int64_t label = 0; label < model.num_labels(); ++label) {
      std::printf(" %.4f", scores[static_cast<int64_t>(i)][label].item<float>());
    }
    std::printf("\n");
  }
  if (argc == 4 || model.num_labels() != 1) return 0;  // classes cannot be ranked

  const std::string question = "How many people live in Berlin?";
  const std::vector<std::string> answers = {
      "Berlin is well known for its museums.",
      "About 3.7 million people live in Berlin.",
      "The population of Munich passed one million in 1957.",
      "Most people in Berlin take the train to work.",
  };
  std::printf("\n%s\n", question.c_str());
  for (const st::RankResult& result : model.rank(question, answers, {.return_documents = true})) {
    std::printf("%8.4f  %s\n", result.score, result.text.c_str());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
