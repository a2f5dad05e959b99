// The layouts in which STS benchmark, SNLI, MultiNLI and AllNLI are published.
#include <sentence_transformers/dataset.h>

#include <stdexcept>
#include <utility>

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

FileDataset open_published(const fs::path& file, FileDatasetOptions options, double max_bad_share) {
  options.strict = max_bad_share == 0;
  options.max_bad_share = max_bad_share;
  return FileDataset({file}, std::move(options));
}

}  // namespace

FileDataset sts_benchmark(const fs::path& file, double max_bad_share) {
  return open_published(file,
                        {.format = FileFormat::tsv,
                         .header = false,
                         .texts = {"5", "6"},
                         .labels = {"4"},
                         .label_scale = 0.2},
                        max_bad_share);
}

FileDataset nli(const fs::path& file, const std::string& split, double max_bad_share) {
  FileDatasetOptions options{
      .format = FileFormat::jsonl,
      .texts = {"sentence1", "sentence2"},
      .labels = {"gold_label"},
      .label_values = {{"entailment", 0}, {"neutral", 1}, {"contradiction", 2}},
      .skipped_labels = {"-"}};
  const fs::path unpacked = file.extension() == ".gz" ? file.stem() : file.filename();
  if (unpacked.extension() == ".tsv") {
    if (split != "train" && split != "dev" && split != "test") {
      throw std::invalid_argument("[nli] split is \"" + split + "\"; known: train, dev, test");
    }
    options.format = FileFormat::tsv;
    options.labels = {"label"};
    options.only = {"split", split};
  }
  return open_published(file, std::move(options), max_bad_share);
}

}  // namespace sentence_transformers
