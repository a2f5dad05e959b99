// Training data: examples from memory or streamed from files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// One row of training data. What its texts and labels mean is the loss's business: a pair and its
/// score, an anchor with positives and negatives, a query with documents and a label for each.
struct Example {
  std::vector<std::string> texts = {};  ///< UTF-8, in the loss's order
  std::vector<float> labels = {};  ///< none, one (a score or a class), or one a text or dimension
};

/// What one reading of the files from front to end met.
struct ReadReport {
  int64_t examples = 0;   ///< read
  int64_t skipped = 0;    ///< empty, or by `only` or `skipped_labels`
  int64_t bad_lines = 0;  ///< malformed: columns missing or too many, a label that is none, ...
                          ///< (0 unless `strict` is off)
  std::vector<std::string> messages = {};  ///< the first ten bad lines: file:line: what is wrong
};

/// Examples in a fixed order, read from the front as often as needed. const members may be called
/// from several threads at once.
class Dataset {
 public:
  /// One reading from the front. One thread at a time.
  class Reader {
   public:
    virtual ~Reader() = default;
    /// Fills in the next example, or returns false at the end.
    virtual bool next(Example& example) = 0;
  };
  /// Examples by their place in that order. One thread at a time.
  class Access {
   public:
    virtual ~Access() = default;
    /// Number of examples.
    virtual int64_t size() const = 0;
    /// Fills in the example at `index`, in [0, size()). Throws LoadError where a file has changed
    /// since its examples were counted.
    virtual void get(int64_t index, Example& example) = 0;
  };

  virtual ~Dataset() = default;
  /// A new reading from the front.
  virtual std::unique_ptr<Reader> read() const = 0;
  /// Number of examples. A file is read once to count them.
  virtual int64_t size() const = 0;
  /// Nothing where examples can only be read front to back, as from gzip.
  virtual std::unique_ptr<Access> access() const { return nullptr; }
  /// Of the latest whole reading, for data that may have bad lines.
  virtual ReadReport report() const { return {}; }
};

/// Examples in memory.
class ListDataset : public Dataset {
 public:
  /// Takes the examples as they are; losses check what they need of them.
  explicit ListDataset(std::vector<Example> examples);
  std::unique_ptr<Reader> read() const override;
  int64_t size() const override;
  std::unique_ptr<Access> access() const override;
  /// All of them, in their order.
  const std::vector<Example>& examples() const { return *examples_; }

 private:
  std::shared_ptr<const std::vector<Example>> examples_;
};

/// How a file of examples is written.
enum class FileFormat {
  lines,  ///< one text a line
  csv,    ///< RFC 4180: commas, quotes doubled inside quotes, line ends allowed inside
  tsv,    ///< tabs, no quoting
  jsonl,  ///< one JSON object a line, or one list, whose keys are "0", "1", ...; a file that is
          ///< one array is refused
};

/// What of a file's lines becomes texts and labels, and which lines are left out.
struct FileDatasetOptions {
  FileFormat format = FileFormat::tsv;  ///< of all files
  /// csv and tsv: the first line names the columns. Else columns are named "0", "1", ...
  bool header = true;
  /// Columns (or keys) that become the example's texts, in this order. For `lines`: not used, and
  /// nothing but `format`, `strict` and `max_bad_share` is.
  /// A jsonl value may be a list of texts, which are put one after the other.
  std::vector<std::string> texts = {};
  /// Columns that become the labels, in this order; a jsonl value may be a list of numbers.
  std::vector<std::string> labels = {};
  /// Labels that are words: {"entailment", 0}; others are bad lines. Without it labels are numbers
  /// (in jsonl true and false, too).
  std::map<std::string, float> label_values = {};
  /// Labels that mean "leave this line out" (NLI's "-"); counted as skipped, not as bad.
  std::vector<std::string> skipped_labels = {};
  /// Numbers are multiplied with it.
  double label_scale = 1.0;
  /// Only lines whose column has this value, such as {"split", "train"}; others count as skipped.
  std::optional<std::pair<std::string, std::string>> only = std::nullopt;
  /// Throw LoadError at the first bad line. Without it bad lines are counted and reported, and
  /// `max_bad_share` must say how many there may be.
  bool strict = true;
  /// Without `strict`: LoadError, with the first bad line's message, where more than this share of
  /// the lines (those skipped left out) is bad; in (0, 1].
  double max_bad_share = 0;
};

/// Examples streamed from one or more files, plain or gzip (by content). Memory does not grow with
/// their texts; where each example of plain files begins is remembered once they were counted (8
/// bytes an example). Copies share what they know of the files.
///
/// Files are UTF-8; a byte order mark and Windows line ends are taken off, empty lines are skipped.
/// Bytes that are no UTF-8 stay as they are (the tokenizer replaces them), but in jsonl make a bad
/// line. An empty text in a row is a text. A quote in csv that never closes costs its line alone;
/// no row is longer than 16 MiB.
class FileDataset : public Dataset {
 public:
  /// Opens each file and checks its header. Throws LoadError (missing file, missing column, naming
  /// what is there; UTF-16; a JSON array), UnsupportedError (gzip in a build without zlib),
  /// std::invalid_argument (options that do not fit together). Readers throw LoadError for a
  /// damaged or cut gzip file, for bad lines in strict mode, and without it at the files' end if
  /// there were too many.
  explicit FileDataset(std::vector<std::filesystem::path> files, FileDatasetOptions options = {});
  std::unique_ptr<Reader> read() const override;
  int64_t size() const override;
  std::unique_ptr<Access> access() const override;
  /// Reads the files once if that was not done yet.
  ReadReport report() const override;

 private:
  struct Shared;
  class Stream;
  class Places;
  void make_index() const;
  std::shared_ptr<Shared> shared_;
};

// Files that people train with, by their published layouts. More than `max_bad_share` of bad lines
// is a LoadError; with 0 the first bad line is.

/// sts-train.csv and its siblings of the STS benchmark (tab-separated, no header): two sentences
/// and a label in [0, 1].
FileDataset sts_benchmark(const std::filesystem::path& file, double max_bad_share = 0);
/// SNLI and MultiNLI .jsonl, plain or gzip: premise, hypothesis; labels 0 entailment, 1 neutral, 2
/// contradiction; pairs without a gold label are skipped. The AllNLI table (AllNLI.tsv.gz) by its
/// name's .tsv, where `split` is train, dev or test; for .jsonl it is not used.
FileDataset nli(const std::filesystem::path& file, const std::string& split = "train",
                double max_bad_share = 0);

}  // namespace sentence_transformers
#pragma GCC visibility pop
