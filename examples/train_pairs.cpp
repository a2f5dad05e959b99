// Trains on pairs of texts that belong together, such as a package's name and its description, with
// MultipleNegativesRankingLoss; a search over held-out pairs is judged before and after.
#include <sentence_transformers/sentence_transformers.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

#include "flags.h"

namespace st = sentence_transformers;

namespace {

constexpr const char* kHelp = R"(Usage: train_pairs [--flag value]...

  --pairs FILE        a pair a line, tab between them (scripts/debian_pairs.sh makes one)
  --model NAME        what to start from (all-MiniLM-L6-v2)
  --output FOLDER     checkpoints, log, curves, and the model in FOLDER/final ("": nothing)
  --max-bad-share S   go on if no more than this share of the lines is no pair (0)
  --held-out N        every N-th pair is not learned from, but searched for (10)
  --max-pairs N       read no more than this many (20000)
  --epochs N          (1)
  --batch-size N      (64)
  --mini-batch N      with a gradient cache, texts at a time; 0 is without (0)
  --rate R            learning rate (2e-5)
  --seed N            (42)
)";

int run(const Flags& flags) {
  st::FileDatasetOptions format;
  format.header = false;
  format.texts = {"0", "1"};
  format.max_bad_share = flags.number("--max-bad-share");
  format.strict = format.max_bad_share == 0;
  require_file(flags.text("--pairs"), "scripts/debian_pairs.sh makes one");
  const st::FileDataset file({flags.text("--pairs")}, format);
  const int64_t held_out = std::max<int64_t>(2, flags.integer("--held-out"));
  const int64_t most = flags.integer("--max-pairs");

  std::vector<st::Example> examples;
  st::TextsById queries, corpus;
  std::map<std::string, std::set<std::string>> relevant;
  const auto reader = file.read();
  st::Example pair;
  for (int64_t i = 0; i < most && reader->next(pair); ++i) {
    if (i % held_out != 0) {
      examples.push_back(pair);
      continue;
    }
    const std::string id = std::to_string(i);
    queries.emplace_back("q" + id, pair.texts[0]);
    corpus.emplace_back("d" + id, pair.texts[1]);
    relevant["q" + id] = {"d" + id};
  }
  const st::ReadReport lines = file.report();
  std::printf("%zu pairs to learn from, %zu to search for, %lld bad lines\n", examples.size(),
              queries.size(), static_cast<long long>(lines.bad_lines));
  for (const std::string& message : lines.messages) std::printf("  %s\n", message.c_str());
  const auto search = std::make_shared<st::InformationRetrievalEvaluator>(
      queries, corpus, relevant, st::InformationRetrievalOptions{},
      st::EvaluatorOptions{.name = "search"});

  st::SentenceTransformer model(flags.text("--model"), {.show_progress_bar = true});
  const auto report = [&](const char* when) {
    const st::Metrics m = (*search)(model);
    std::printf("%-7s accuracy@1 %.4f  accuracy@10 %.4f  MRR@10 %.4f  NDCG@10 %.4f\n", when,
                m.at("search_cosine_accuracy@1"), m.at("search_cosine_accuracy@10"),
                m.at("search_cosine_mrr@10"), m.at("search_cosine_ndcg@10"));
    std::fflush(stdout);
  };
  report("before");

  const std::filesystem::path output = flags.text("--output");
  const int64_t mini_batch = flags.integer("--mini-batch");
  std::shared_ptr<st::Loss> loss = std::make_shared<st::MultipleNegativesRankingLoss>();
  if (mini_batch > 0) {
    loss = std::make_shared<st::CachedMultipleNegativesRankingLoss>(
        st::MultipleNegativesRankingOptions{}, mini_batch);
  }
  st::SentenceTransformerTrainer trainer(
      model,
      {.output_dir = output,
       .num_train_epochs = flags.number("--epochs"),
       .per_device_train_batch_size = flags.integer("--batch-size"),
       .learning_rate = flags.number("--rate"),
       .warmup_ratio = 0.1,
       .seed = static_cast<uint64_t>(flags.integer("--seed")),
       .batch_sampler = st::BatchSampler::no_duplicates,
       .save_total_limit = 1,
       .logging_steps = 50},
      std::make_shared<st::ListDataset>(std::move(examples)), loss, search);
  const st::TrainingResult result = trainer.train();
  if (result.signal != 0) return 128 + result.signal;
  std::printf("%lld steps in %.1f s, %.2f a second, mean loss %.4f\n",
              static_cast<long long>(result.steps), result.seconds, result.steps_per_second,
              result.train_loss);
  report("after");
  if (!output.empty()) {
    trainer.save_model(output / "final");
    std::printf("saved in %s\n", (output / "final").c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << kHelp;
    return 0;
  }
  return run(Flags(argc, argv,
                   {{"--pairs", "models/debian_pairs.tsv"},
                    {"--model", "all-MiniLM-L6-v2"},
                    {"--output", ""},
                    {"--max-bad-share", "0"},
                    {"--held-out", "10"},
                    {"--max-pairs", "20000"},
                    {"--epochs", "1"},
                    {"--batch-size", "64"},
                    {"--mini-batch", "0"},
                    {"--rate", "2e-5"},
                    {"--seed", "42"}}));
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
