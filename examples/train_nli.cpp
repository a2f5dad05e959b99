// Trains an embedding model on pairs of three classes with SoftmaxLoss, as the Sentence-BERT paper
// does, and reports how often the classifier is right before and after.
#include <ATen/Context.h>
#include <sentence_transformers/evaluation.h>
#include <sentence_transformers/losses.h>
#include <sentence_transformers/trainer.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

#include "flags.h"

namespace st = sentence_transformers;

namespace {

constexpr const char* kHelp = R"(Usage: train_nli [--flag value]...

  --data FILE             SNLI or MultiNLI .jsonl, AllNLI .tsv, plain or .gz
                          (examples/data/nli_sample.jsonl: 300 pairs, enough to see it run)
  --dev FILE              held-out pairs in the same format; else every tenth pair of --data
  --labels-from-sts FILE  instead of --data (and --dev): three classes made of the scores of an
                          STS benchmark file: 4 and above "similar", 2 to 4 "neutral", below
                          2 "unlike"
  --sts FILE              report Spearman on an STS benchmark file, too
  --model NAME            what to start from (all-MiniLM-L6-v2)
  --concatenation LIST    what the classifier sees, of u, v, |u-v| and u*v (u,v,|u-v|)
  --ablation 0|1          train each concatenation of the paper on a fresh model (0)
  --epochs N              (5; the paper takes 1 of a million pairs)
  --batch-size N          (16)
  --rate R                learning rate (5e-5; the paper: 2e-5)
  --seed N                (42)
  --output FOLDER         save the model there ("": nowhere)
)";

// The paper's table 6.
const std::vector<std::string> kConcatenations = {
    "u,v", "|u-v|", "u*v", "|u-v|,u*v", "u,v,u*v", "u,v,|u-v|", "u,v,|u-v|,u*v"};

st::SoftmaxLossOptions parse_concatenation(const std::string& list) {
  bool u = false, v = false, difference = false, product = false;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string part = list.substr(begin, end - begin);
    bool* const known = part == "u"       ? &u
                        : part == "v"     ? &v
                        : part == "|u-v|" ? &difference
                        : part == "u*v"   ? &product
                                          : nullptr;
    if (!known) {
      throw std::invalid_argument("--concatenation has \"" + part + "\"; known: u, v, |u-v|, u*v");
    }
    *known = true;
    begin = end + 1;
  }
  if (u != v) throw std::invalid_argument("--concatenation needs u and v, or none of them");
  return {.num_labels = 3,
          .concatenation_sent_rep = u,
          .concatenation_sent_difference = difference,
          .concatenation_sent_multiplication = product};
}

/// All pairs of a file in memory; says what was left out.
std::vector<st::Example> load(const std::string& file, bool from_sts, const std::string& split) {
  const st::FileDataset dataset = from_sts ? st::sts_benchmark(file) : st::nli(file, split);
  std::vector<st::Example> examples;
  const auto reader = dataset.read();
  for (st::Example example; reader->next(example);) {
    float& label = example.labels[0];
    if (from_sts) label = label >= 0.8f ? 0 : label >= 0.4f ? 1 : 2;  // the file's 0 to 5 as 0 to 1
    examples.push_back(example);
  }
  const st::ReadReport report = dataset.report();
  std::printf("%s: %lld pairs, %lld lines skipped\n", file.c_str(),
              static_cast<long long>(report.examples), static_cast<long long>(report.skipped));
  if (examples.empty()) throw std::runtime_error(file + " has no pairs");
  return examples;
}

struct Data {
  std::shared_ptr<const st::Dataset> train, dev;
};

Data load_data(const Flags& flags) {
  const bool from_sts = !flags.text("--labels-from-sts").empty();
  if (from_sts) {
    std::puts(
        "Labels are derived from STS scores, not annotated: 0 similar (4 and above), 1 neutral "
        "(2 to 4), 2 unlike (below 2).");
  }
  const std::string& file = flags.text(from_sts ? "--labels-from-sts" : "--data");
  const char* remedy =
      "give SNLI's or MultiNLI's .jsonl (nlp.stanford.edu/projects/snli, cims.nyu.edu/~sbowman/"
      "multinli), or start in the repository's root, where examples/data/nli_sample.jsonl is";
  for (const std::string& each : {file, flags.text("--dev")}) {
    if (each.empty()) continue;
    from_sts ? require_stsb(each) : require_file(each, remedy);
  }
  if (!flags.text("--sts").empty()) require_stsb(flags.text("--sts"));
  std::vector<st::Example> train = load(file, from_sts, "train"), dev;
  if (!flags.text("--dev").empty()) {
    dev = load(flags.text("--dev"), from_sts, "dev");
  } else {
    std::vector<st::Example> rest;
    for (size_t i = 0; i < train.size(); ++i) (i % 10 == 9 ? dev : rest).push_back(train[i]);
    train = std::move(rest);
  }
  std::printf("%zu pairs to train on, %zu held out\n", train.size(), dev.size());
  return {std::make_shared<st::ListDataset>(std::move(train)),
          std::make_shared<st::ListDataset>(std::move(dev))};
}

/// Trains one fresh model and prints its line of the table.
void train(const Flags& flags, const Data& data, const std::string& concatenation) {
  st::SentenceTransformer model(flags.text("--model"), {.show_progress_bar = true});
  const int64_t seed = flags.integer("--seed");
  at::manual_seed(static_cast<uint64_t>(seed));  // of the classifier's first weights
  const auto loss = std::make_shared<st::SoftmaxLoss>(model.get_embedding_dimension(),
                                                      parse_concatenation(concatenation));
  const st::LabelAccuracyEvaluator accuracy(*data.dev, loss, {.name = "dev"});
  std::unique_ptr<st::EmbeddingSimilarityEvaluator> sts;
  if (!flags.text("--sts").empty()) {
    sts = std::make_unique<st::EmbeddingSimilarityEvaluator>(
        st::sts_benchmark(flags.text("--sts")),
        st::EvaluatorOptions{.name = "sts", .similarities = {st::SimilarityFunction::cosine}});
  }
  const auto judge = [&] {
    std::printf("  %8.4f", accuracy(model).at("dev_accuracy"));
    if (sts) std::printf("  %8.4f", (*sts)(model).at("sts_spearman_cosine"));
  };

  std::printf("%-16s", concatenation.c_str());
  judge();
  std::fflush(stdout);
  st::SentenceTransformerTrainer trainer(
      model,
      {.num_train_epochs = flags.number("--epochs"),
       .per_device_train_batch_size = flags.integer("--batch-size"),
       .learning_rate = flags.number("--rate"),
       .warmup_ratio = 0.1,
       .seed = static_cast<uint64_t>(seed),
       .save_strategy = st::Interval::never},
      data.train, loss);
  const st::TrainingResult result = trainer.train();
  judge();
  std::printf("  %8.4f  %5.1f s\n", result.train_loss, result.seconds);
  if (result.stopped) throw std::runtime_error("stopped before the end; nothing is saved");
  if (const std::string& output = flags.text("--output"); !output.empty()) {
    trainer.save_model(output);
    std::printf("saved in %s\n", output.c_str());
  }
}

int run(const Flags& flags) {
  const bool ablation = flags.integer("--ablation") != 0;
  if (ablation && !flags.text("--output").empty()) {
    throw std::invalid_argument("--output needs one model; --ablation trains several");
  }
  const auto concatenations =
      ablation ? kConcatenations : std::vector<std::string>{flags.text("--concatenation")};
  for (const std::string& concatenation : concatenations) parse_concatenation(concatenation);
  const Data data = load_data(flags);
  const bool sts = !flags.text("--sts").empty();
  std::printf("\n%-16s  %8s%s  %8s%s  %8s\n", "classifier sees", "before", sts ? "       STS" : "",
              "accuracy", sts ? "       STS" : "", "loss");
  for (const std::string& concatenation : concatenations) train(flags, data, concatenation);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << kHelp;
    return 0;
  }
  return run(Flags(argc, argv,
                   {{"--data", "examples/data/nli_sample.jsonl"},
                    {"--dev", ""},
                    {"--labels-from-sts", ""},
                    {"--sts", ""},
                    {"--model", "all-MiniLM-L6-v2"},
                    {"--concatenation", "u,v,|u-v|"},
                    {"--ablation", "0"},
                    {"--epochs", "5"},
                    {"--batch-size", "16"},
                    {"--rate", "5e-5"},
                    {"--seed", "42"},
                    {"--output", ""}}));
} catch (const std::exception& error) {
  std::cerr << "train_nli: " << error.what() << '\n';
  return 1;
}
