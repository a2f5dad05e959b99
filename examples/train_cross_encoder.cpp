// Trains a cross-encoder on the STS benchmark with BinaryCrossEntropyLoss, and reports dev and test
// Spearman. With a teacher it first learns that bi-encoder's scores of other pairs of the same
// sentences, of which there are more than people have judged.
#include <ATen/ATen.h>
#include <sentence_transformers/sentence_transformers.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <random>
#include <set>
#include <string_view>

#include "flags.h"

namespace st = sentence_transformers;

namespace {

constexpr const char* kHelp = R"(Usage: train_cross_encoder [--flag value]...

  --data FOLDER     of sts-train.csv, sts-dev.csv and sts-test.csv (models/stsb)
  --model NAME      what to start from; gets a new head of one label (all-MiniLM-L6-v2)
  --teacher NAME    a bi-encoder trained on the same data (train_stsb's), whose scores are learned
                    first, for one epoch at 1e-4 ("": none)
  --output FOLDER   checkpoints, log, curves, and the model in FOLDER/final ("": nothing)
  --epochs N        (3)
  --batch-size N    (16)
  --rate R          learning rate (5e-5)
  --seed N          (42)
)";

/// Pairs that nobody has judged, of the sentences of `judged`: each with its nearest one, and with
/// another that is more or less near. Their label is the teacher's cosine.
std::shared_ptr<st::ListDataset> teacher_pairs(const st::SentenceTransformer& teacher,
                                               const st::Dataset& judged, uint64_t seed) {
  std::set<std::pair<std::string, std::string>> taken;
  std::set<std::string> texts;
  const auto reader = judged.read();
  for (st::Example e; reader->next(e);) {
    texts.insert(e.texts.begin(), e.texts.end());
    taken.insert(std::minmax(e.texts[0], e.texts[1]));
  }
  const std::vector<std::string> sentences(texts.begin(), texts.end());
  const at::Tensor embeddings = teacher.encode(sentences);
  constexpr int64_t kNear = 6, kFar = 100;  // ranks
  const auto hits = st::util::semantic_search(embeddings, embeddings, {.top_k = kFar + 1});

  std::mt19937_64 random(seed);
  std::vector<st::Example> pairs;
  const auto add = [&](size_t a, int64_t b) {
    const std::string &first = sentences[a], &second = sentences[static_cast<size_t>(b)];
    if (first == second || !taken.insert(std::minmax(first, second)).second) return;
    const float cosine =
        st::util::pairwise_cos_sim(embeddings[static_cast<int64_t>(a)].unsqueeze(0),
                                   embeddings[b].unsqueeze(0))
            .item<float>();
    pairs.push_back({{first, second}, {std::clamp(cosine, 0.0f, 1.0f)}});
  };
  for (size_t i = 0; i < sentences.size(); ++i) {
    // A text's first hit is the text itself.
    const auto rank = [&](int64_t least, int64_t most) {
      most = std::min(most, static_cast<int64_t>(hits[i].size()) - 1);
      if (most < least) return;
      std::uniform_int_distribution<int64_t> draw(least, most);
      add(i, hits[i][static_cast<size_t>(draw(random))].corpus_id);
    };
    rank(1, 1);
    const uint64_t kind = random() % 5;
    if (kind < 2) rank(2, kNear);
    if (kind == 2 || kind == 3) rank(kNear + 1, kFar);
    if (kind == 4) add(i, static_cast<int64_t>(random() % sentences.size()));
  }
  return std::make_shared<st::ListDataset>(std::move(pairs));
}

int run(const Flags& flags) {
  const std::filesystem::path data = flags.text("--data"), output = flags.text("--output");
  for (const char* file : {"sts-train.csv", "sts-dev.csv", "sts-test.csv"}) {
    require_stsb(data / file);
  }
  const auto train = std::make_shared<st::FileDataset>(st::sts_benchmark(data / "sts-train.csv"));
  const auto dev = std::make_shared<st::CrossEncoderCorrelationEvaluator>(
      st::sts_benchmark(data / "sts-dev.csv"), st::EvaluatorOptions{.name = "sts-dev"});
  const st::CrossEncoderCorrelationEvaluator test(st::sts_benchmark(data / "sts-test.csv"),
                                                  {.name = "sts-test"});
  const auto seed = static_cast<uint64_t>(flags.integer("--seed"));
  at::manual_seed(seed);  // of the new head's weights
  st::CrossEncoder model(flags.text("--model"), {.num_labels = 1, .show_progress_bar = true});

  const st::TrainingArguments arguments{
      .output_dir = output,
      .num_train_epochs = flags.number("--epochs"),
      .per_device_train_batch_size = flags.integer("--batch-size"),
      .learning_rate = flags.number("--rate"),
      .warmup_ratio = 0.1,
      .seed = seed,
      .eval_strategy = output.empty() ? st::Interval::never : st::Interval::epoch,
      .save_total_limit = 1,
      .logging_steps = 50};
  const auto loss = std::make_shared<st::BinaryCrossEntropyLoss>();
  if (!flags.text("--teacher").empty()) {
    const auto pairs =
        teacher_pairs(st::SentenceTransformer(flags.text("--teacher"), {.show_progress_bar = true}),
                      *train, seed);
    std::printf("%lld pairs from the teacher\n", static_cast<long long>(pairs->size()));
    st::TrainingArguments first = arguments;
    first.output_dir = "";
    first.num_train_epochs = 1;
    first.learning_rate = 1e-4;
    first.eval_strategy = st::Interval::never;
    const st::TrainingResult learned = st::CrossEncoderTrainer(model, first, pairs, loss).train();
    if (learned.signal != 0) return 128 + learned.signal;
    std::printf("dev %.4f after %lld steps\n", (*dev)(model).at("sts-dev_spearman"),
                static_cast<long long>(learned.steps));
  }
  st::CrossEncoderTrainer trainer(model, arguments, train, loss, dev);
  const st::TrainingResult result = trainer.train();
  if (result.signal != 0) return 128 + result.signal;
  print_notes(result.notes);
  std::printf("%lld steps in %.1f s, %.2f a second, mean loss %.4f\n",
              static_cast<long long>(result.steps), result.seconds, result.steps_per_second,
              result.train_loss);
  std::printf("dev %.4f  test %.4f  (Spearman)\n", (*dev)(model).at("sts-dev_spearman"),
              test(model).at("sts-test_spearman"));
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
                   {{"--data", "models/stsb"},
                    {"--model", "all-MiniLM-L6-v2"},
                    {"--teacher", ""},
                    {"--output", ""},
                    {"--epochs", "3"},
                    {"--batch-size", "16"},
                    {"--rate", "5e-5"},
                    {"--seed", "42"}}));
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
