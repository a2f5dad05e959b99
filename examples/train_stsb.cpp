// Fine-tunes an embedding model on the STS benchmark with CosineSimilarityLoss, and reports dev and
// test Spearman before and after.
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

#include "flags.h"

namespace st = sentence_transformers;

namespace {

constexpr const char* kHelp = R"(Usage: train_stsb [--flag value]...

  --data FOLDER     of sts-train.csv, sts-dev.csv and sts-test.csv (models/stsb)
  --model NAME      what to start from (all-MiniLM-L6-v2)
  --output FOLDER   checkpoints, log, curves, and the model in FOLDER/final ("": nothing)
  --resume FOLDER   a checkpoint, or a folder of them, to go on from
  --epochs N        (1)
  --batch-size N    (16)
  --rate R          learning rate (2e-5)
  --seed N          (42)
  --bf16 0|1        products in bfloat16 (0)
  --save-steps N    (500)
  --max-steps N     instead of epochs (-1)
)";

int run(const Flags& flags) {
  const std::filesystem::path data = flags.text("--data"), output = flags.text("--output");
  for (const char* file : {"sts-train.csv", "sts-dev.csv", "sts-test.csv"}) {
    require_stsb(data / file);
  }
  const auto train = std::make_shared<st::FileDataset>(st::sts_benchmark(data / "sts-train.csv"));
  const auto dev = std::make_shared<st::EmbeddingSimilarityEvaluator>(
      st::sts_benchmark(data / "sts-dev.csv"), st::EvaluatorOptions{.name = "sts-dev"});
  const st::EmbeddingSimilarityEvaluator test(st::sts_benchmark(data / "sts-test.csv"),
                                              {.name = "sts-test"});
  st::SentenceTransformer model(flags.text("--model"), {.show_progress_bar = true});

  const auto report = [&](const char* when) {
    std::printf("%-16s dev %.4f  test %.4f  (Spearman of cosine)\n", when,
                (*dev)(model).at("sts-dev_spearman_cosine"),
                test(model).at("sts-test_spearman_cosine"));
    std::fflush(stdout);
  };
  const st::ReadReport lines = train->report();
  std::printf("%lld training pairs, %lld lines skipped\n", static_cast<long long>(lines.examples),
              static_cast<long long>(lines.skipped));
  report("before");

  st::SentenceTransformerTrainer trainer(
      model,
      {.output_dir = output,
       .num_train_epochs = flags.number("--epochs"),
       .max_steps = flags.integer("--max-steps"),
       .per_device_train_batch_size = flags.integer("--batch-size"),
       .learning_rate = flags.number("--rate"),
       .warmup_ratio = 0.1,
       .seed = static_cast<uint64_t>(flags.integer("--seed")),
       .bf16 = flags.integer("--bf16") != 0,
       .eval_strategy = output.empty() ? st::Interval::never : st::Interval::steps,
       .eval_steps = 100,
       .save_steps = flags.integer("--save-steps"),
       .save_total_limit = 2,
       .logging_steps = 20},
      train, std::make_shared<st::CosineSimilarityLoss>(), dev);
  const st::TrainingResult result =
      flags.text("--resume").empty() ? trainer.train() : trainer.resume(flags.text("--resume"));
  if (result.signal != 0) {
    std::printf("stopped by signal %d after step %lld; go on with --resume %s\n", result.signal,
                static_cast<long long>(result.steps), result.last_checkpoint.c_str());
    return 128 + result.signal;
  }
  std::printf("%lld steps in %.1f s, %.2f a second, mean loss %.4f\n",
              static_cast<long long>(result.steps), result.seconds, result.steps_per_second,
              result.train_loss);
  print_notes(result.notes);
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
                   {{"--data", "models/stsb"},
                    {"--model", "all-MiniLM-L6-v2"},
                    {"--output", ""},
                    {"--resume", ""},
                    {"--epochs", "1"},
                    {"--batch-size", "16"},
                    {"--rate", "2e-5"},
                    {"--seed", "42"},
                    {"--bf16", "0"},
                    {"--save-steps", "500"},
                    {"--max-steps", "-1"}}));
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
