// What a run says of its data and of itself: bad lines, windows, the model card, moved parameters.
#include "data/gzip_files.h"
#include "training/trainer_internals.h"
#include "training_support.h"

namespace sentence_transformers::test {
namespace {

using namespace training;

const auto kLoss = [] { return std::make_shared<CosineSimilarityLoss>(); };

TEST(TrainerTest, BadLinesAreToldAndLogged) {
  TempDir folder;
  write_file(folder.path() / "pairs.tsv",
             "a\tb\tscore\nthe cat\tthe dog\t0.5\nthe cat\tthe dog\tmany\xff\nthe dog\n"
             "the dog\ta cat\t0.25\n");
  const auto data = std::make_shared<FileDataset>(
      std::vector{folder.path() / "pairs.tsv"},
      FileDatasetOptions{
          .texts = {"a", "b"}, .labels = {"score"}, .strict = false, .max_bad_share = 0.5});
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path() / "out";
  arguments.max_steps = 1;
  arguments.logging_steps = 1;
  arguments.save_strategy = Interval::steps;
  arguments.save_steps = 1;
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, arguments, data, kLoss());
  const TrainingResult result = trainer.train();
  EXPECT_EQ(result.bad_lines, 2);
  ASSERT_EQ(result.bad_line_messages.size(), 2u);
  EXPECT_NE(result.bad_line_messages[0].find("pairs.tsv:3"), std::string::npos);
  EXPECT_NE(result.bad_line_messages[1].find("pairs.tsv:4"), std::string::npos);
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_NE(result.notes[0].find("2 bad lines are left out, the first: "), std::string::npos);
  EXPECT_NE(result.notes[0].find("pairs.tsv:3"), std::string::npos);
  const auto log = read_lines(arguments.output_dir / "log.jsonl");
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0]["bad_lines"], 2);
  EXPECT_EQ(log[0]["dataset"], "dataset 0");
  EXPECT_EQ(log[0]["messages"].size(), 2u);
  // They are in the checkpoint's history once, and in no table of the card.
  trainer.resume(arguments.output_dir);
  EXPECT_EQ(read_lines(arguments.output_dir / "log.jsonl"), log);
  trainer.save_model(folder.path() / "model");
  EXPECT_NE(read_file(folder.path() / "model" / "README.md").find("| 1 | 1 |"), std::string::npos);
}

TEST(TrainerTest, AModelCardTellsTheFacts) {
  TempDir folder;
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, golden_arguments(), golden_dataset(), kLoss());
  trainer.train();
  trainer.save_model(folder.path() / "model");
  const std::string card = read_file(folder.path() / "model" / "README.md");
  for (const char* part : {"loss:CosineSimilarityLoss", "dataset_size:6", "| steps | 6 |",
                           "| learning_rate | 0.001 |", "# model", "SentenceTransformer model("}) {
    EXPECT_NE(card.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(parameter_difference(model, SentenceTransformer((folder.path() / "model").string())),
            0);
}

#ifdef SENTENCE_TRANSFORMERS_ZLIB

TEST(TrainerTest, AStreamSaysThatItIsShuffledInAWindow) {
  TempDir folder;
  std::string lines = "a\tb\tscore\n";
  for (int i = 0; i < 8; ++i) lines += "the cat\tthe dog\t0." + std::to_string(i) + "\n";
  write_file(folder.path() / "pairs.tsv.gz", gzip(lines));
  write_file(folder.path() / "pairs.tsv", lines);
  for (const char* name : {"pairs.tsv.gz", "pairs.tsv"}) {
    const auto data =
        std::make_shared<FileDataset>(std::vector{folder.path() / name},
                                      FileDatasetOptions{.texts = {"a", "b"}, .labels = {"score"}});
    for (const int64_t window : {4, 8}) {
      const bool in_window = window < 8 && std::string(name).ends_with(".gz");
      TempDir out;
      TrainingArguments arguments = golden_arguments();
      arguments.output_dir = out.path();
      arguments.max_steps = 1;
      arguments.shuffle_buffer = window;
      SentenceTransformer model = tiny_model();
      SentenceTransformerTrainer trainer(model, arguments, data, kLoss());
      const TrainingResult result = trainer.train();
      ASSERT_EQ(result.notes.size(), in_window ? 1u : 0u) << name << window;
      const auto log = read_lines(out.path() / "log.jsonl");
      EXPECT_EQ(log[0].contains("shuffle_window"), in_window);
      if (!in_window) continue;
      EXPECT_NE(result.notes[0].find("dataset 0: can only be read front to back"),
                std::string::npos);
      EXPECT_EQ(log[0]["shuffle_window"], 4);
      EXPECT_EQ(trainer.resume(out.path()).notes, result.notes);
      EXPECT_EQ(read_lines(out.path() / "log.jsonl").size(), log.size());
    }
  }
}

#endif

/// A trainer's inside whose model is said to be on a device.
TrainerInternals internals_on(c10::Device device, NamedTensors parameters) {
  return TrainerInternals({.named_parameters = [] { return NamedTensors{}; },
                           .saved_parameters = {},
                           .train = {},
                           .set_dropout = {},
                           .set_gradient_checkpointing = {},
                           .set_autocast = {},
                           .save = {},
                           .folder = {},
                           .device = device},
                          golden_arguments(),
                          {{.name = "",
                            .dataset = golden_dataset(),
                            .prompts = {},
                            .routes = {},
                            .loss_name = "",
                            .loss = {},
                            .loss_parameters = std::move(parameters)}},
                          std::nullopt);
}

// Where there is no other device: nothing moves. The next test moves them to a GPU.
TEST(TrainerTest, ALossesParametersStayWhereTheModelIs) {
  const SoftmaxLoss stays(4);
  const at::Tensor before = stays.named_parameters()[0].second;
  const void* data = before.const_data_ptr();
  internals_on(at::kCPU, stays.named_parameters()).follow_model();
  EXPECT_EQ(before.const_data_ptr(), data);
}

TEST(TrainerTest, ALossesParametersAreTrainedOnAGpu) {
  if (!at::hasCUDA()) GTEST_SKIP() << "needs a GPU";
  std::vector<Example> examples = golden_pairs();
  for (size_t i = 0; i < examples.size(); ++i) examples[i].labels = {static_cast<float>(i % 3)};
  SentenceTransformer model(golden("tiny_bert").string(), {.device = "cuda"});
  const auto loss = std::make_shared<SoftmaxLoss>(model.get_embedding_dimension());
  const at::Tensor before = loss->named_parameters()[0].second.detach().clone();
  SentenceTransformerTrainer(model, golden_arguments(), std::make_shared<ListDataset>(examples),
                             loss)
      .train();
  const at::Tensor after = loss->named_parameters()[0].second;
  EXPECT_TRUE(after.is_cuda());
  EXPECT_GT(largest_difference(after.detach().cpu(), before), 1e-4);
}

}  // namespace
}  // namespace sentence_transformers::test
