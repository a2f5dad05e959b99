// Training files. The input's first byte chooses the format and its options, the rest is the file.
#include "data/records.h"

#include <sentence_transformers/dataset.h>

#include <vector>

#include "fuzz.h"

namespace sentence_transformers {
namespace {

using fuzz::require;

struct Row {
  RowReader::Result result;
  std::vector<std::string> fields;
  int64_t line, place;
  bool operator==(const Row&) const = default;
};

Row read_row(RowReader& reader) {
  const RowReader::Result result = reader.next();
  if (result == RowReader::Result::end) return {result, {}, 0, 0};
  Row row{result, {}, reader.line(), reader.place()};
  if (result == RowReader::Result::row) {
    row.fields.assign(reader.fields().begin(), reader.fields().end());
  }
  return row;
}

std::vector<Row> read_rows(const std::filesystem::path& file, RowReader::Kind kind, size_t buffer) {
  RowReader reader(file, kind, buffer);
  std::vector<Row> rows;
  for (;;) {
    Row row = read_row(reader);
    if (row.result == RowReader::Result::end) return rows;
    rows.push_back(std::move(row));
  }
}

std::string quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

void check_rows(const fuzz::Folder& folder, const std::filesystem::path& file,
                RowReader::Kind kind) {
  std::vector<Row> rows;
  if (!fuzz::accepted([&] { rows = read_rows(file, kind, LineReader::kBuffer); })) return;
  require(read_rows(file, kind, 16) == rows, "rows do not hang on the buffer");

  RowReader places(file, kind, 64);
  for (size_t i = rows.size(); i-- > 0;) {
    if (!places.seek(rows[i].place)) break;  // gzip
    Row row = read_row(places);
    row.line = rows[i].line;  // which counts from the place
    require(row == rows[i], "a row is found at its place");
  }

  if (kind != RowReader::Kind::csv) return;
  std::string text;
  std::vector<std::vector<std::string>> wanted, found;
  for (const Row& row : rows) {
    if (row.result != RowReader::Result::row) continue;
    for (const std::string& field : row.fields) text += quoted(field) + ',';
    text.back() = '\n';
    wanted.push_back(row.fields);
  }
  for (const Row& row : read_rows(folder.write("again.csv", text), kind, 256)) {
    found.push_back(row.fields);
  }
  require(found == wanted, "rows that are written with quotes are read");
}

FileDatasetOptions options_of(char mode) {
  FileDatasetOptions options{.format = FileFormat::jsonl,
                             .texts = {"a", "b"},
                             .labels = {"score"},
                             .strict = false,
                             .max_bad_share = 1};
  switch (mode) {
    case '0':
    case '1':
      options.format = FileFormat::csv;
      break;
    case '2':
    case '3':
      options.format = FileFormat::tsv;
      break;
    case '4':
      options.label_values = {{"yes", 1}, {"no", 0}};
      options.skipped_labels = {"-"};
      options.only = {"split", "train"};
      break;
    case '5':
      options.texts = options.labels = {};
      options.format = FileFormat::lines;
      break;
    default:
      break;
  }
  options.header = mode != '1' && mode != '3';
  if (!options.header) {
    options.texts = {"0", "1"};
    options.labels = {"2"};
  }
  return options;
}

bool same(const Example& a, const Example& b) { return a.texts == b.texts && a.labels == b.labels; }

void check_dataset(const std::filesystem::path& file, const FileDatasetOptions& options) {
  const FileDataset dataset({file}, options);
  std::vector<Example> examples;
  const auto reader = dataset.read();
  for (Example example; reader->next(example);) examples.push_back(example);
  require(dataset.size() == static_cast<int64_t>(examples.size()), "size() counts what is read");
  require(dataset.report().messages.size() <= 10, "ten messages at most");
  const auto access = dataset.access();
  if (!access) return;
  require(access->size() == dataset.size(), "each example has a place");
  for (size_t i = examples.size(); i-- > 0;) {
    Example example;
    access->get(static_cast<int64_t>(i), example);
    require(same(example, examples[i]), "an example is found at its place");
  }
}

}  // namespace

FUZZ_TARGET(records) {
  static const fuzz::Folder folder;
  if (input.empty()) return;
  const FileDatasetOptions options = options_of(input[0]);
  const std::filesystem::path file = folder.write("records", input.substr(1));
  if (options.format == FileFormat::csv) check_rows(folder, file, RowReader::Kind::csv);
  if (options.format == FileFormat::tsv) check_rows(folder, file, RowReader::Kind::tsv);
  fuzz::accepted([&] { check_dataset(file, options); });
}

}  // namespace sentence_transformers
