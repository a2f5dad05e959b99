// Trains a cross-encoder on the STS benchmark with BinaryCrossEntropyLoss, and reports dev and test
// Spearman.
#include <ATen/Context.h>
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

#include "flags.h"

namespace st = sentence_transformers;

namespace {

constexpr const char* kHelp = R"(Usage: train_cross_encoder [--flag value]...

  --data FOLDER     of sts-train.csv, sts-dev.csv and sts-test.csv (models/stsb)
  --model NAME      what to start from; gets a new head of one label (all-MiniLM-L6-v2)
  --output FOLDER   checkpoints, log, curves, and the model in FOLDER/final ("": nothing)
  --epochs N        (3)
  --batch-size N    (16)
  --rate R          learning rate (5e-5)
  --seed N          (42)
)";

int run(const Flags& flags) {
  const std::filesystem::path data = flags.text("--data"), output = flags.text("--output");
  const auto train = std::make_shared<st::FileDataset>(st::sts_benchmark(data / "sts-train.csv"));
  const auto dev = std::make_shared<st::CrossEncoderCorrelationEvaluator>(
      st::sts_benchmark(data / "sts-dev.csv"), st::EvaluatorOptions{.name = "sts-dev"});
  const st::CrossEncoderCorrelationEvaluator test(st::sts_benchmark(data / "sts-test.csv"),
                                                  {.name = "sts-test"});
  const auto seed = static_cast<uint64_t>(flags.integer("--seed"));
  at::manual_seed(seed);  // of the new head's weights
  st::CrossEncoder model(flags.text("--model"), {.num_labels = 1});

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
  st::CrossEncoderTrainer trainer(model, arguments, train,
                                  std::make_shared<st::BinaryCrossEntropyLoss>(), dev);
  const st::TrainingResult result = trainer.train();
  if (result.signal != 0) return 128 + result.signal;
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
                    {"--output", ""},
                    {"--epochs", "3"},
                    {"--batch-size", "16"},
                    {"--rate", "5e-5"},
                    {"--seed", "42"}}));
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
