// Lines of a file, and rows of csv and tsv made of them, with the line where each begins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/gzip.h"

namespace sentence_transformers {

inline constexpr size_t kLongestRow = 16 << 20;
inline constexpr const char* kTooLong = "is longer than 16 MiB";

/// Splits a file at \n. The last line needs none; a UTF-8 byte order mark is taken off.
class LineReader {
 public:
  static constexpr size_t kBuffer = 1 << 18;
  /// Throws as open_bytes, and LoadError for a file in UTF-16.
  explicit LineReader(const std::filesystem::path& path, size_t buffer = kBuffer);

  enum class Result { line, too_long, end };
  /// The next line without its \n. Of one longer than kLongestRow the front is given, the rest is
  /// passed over. The text is valid until the next call.
  Result next(std::string_view& line);
  /// Of the line last read, from 1.
  int64_t number() const { return number_; }
  /// Where the line last read begins, in bytes.
  int64_t place() const { return place_; }
  /// Goes on at such a place; number() then counts from there. False where the file is gzip.
  bool seek(int64_t place);

 private:
  bool refill();

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;
  std::string long_line_;  // one that began in an earlier buffer
  int64_t number_ = 0;
  int64_t buffer_place_ = 0, place_ = 0;
};

/// Rows of a csv (RFC 4180) or tsv (no quoting) file. Time is linear in the file's length, also
/// where stray quotes make every row bad; memory is that of a few rows of the longest kind.
class RowReader {
 public:
  enum class Kind { csv, tsv };
  RowReader(const std::filesystem::path& path, Kind kind, size_t buffer = LineReader::kBuffer)
      : lines_(path, buffer), kind_(kind) {}

  enum class Result { row, empty, bad, end };
  /// Reads a row; `empty` is an empty line. After `bad`, problem() tells why, and the next row is
  /// looked for on the line after the one where the bad one began.
  Result next();
  /// The fields of the row last read, valid until the next call.
  const std::vector<std::string_view>& fields() const { return fields_; }
  /// The line where that row begins, from 1.
  int64_t line() const { return line_; }
  /// Where that row begins, in bytes, and going on there, as LineReader does.
  int64_t place() const { return place_; }
  bool seek(int64_t place);
  const std::string& problem() const { return problem_; }

 private:
  struct Field {
    size_t begin, end;  // in pending_
    bool quoted;
  };
  enum class State { begin, quoted, done, bad };

  bool append_line();
  size_t line_end(size_t from);
  bool is_too_long(size_t end) const;
  void forget_read_lines();
  void scan(size_t from, size_t end);
  void scan_row(size_t begin, size_t end);
  Result next_csv();
  Result next_tsv();
  const char* follow_quotes(size_t begin, size_t& end);
  Result bad(const char* problem);
  std::string_view unquote(const Field& field);

  LineReader lines_;
  Kind kind_;
  std::vector<std::string_view> fields_;
  int64_t line_ = 0, place_ = 0;
  std::string problem_;

  // csv only
  std::string pending_;   // lines, each with its \n: the row last read and what lies behind it
  size_t row_begin_ = 0;  // where in it the next row begins
  struct Start {          // of a line
    size_t at;            // in pending_
    int64_t place;        // in the file
  };
  std::vector<Start> starts_;
  bool last_too_long_ = false;  // its last line was cut
  std::vector<Field> bounds_;   // of the row
  State state_ = State::begin;
  int64_t number_ = 0;  // of the last line of the row last read
  // Lines from the second one of a bad row on, up to here, begin and end inside quotes, ...
  size_t quoted_end_ = 0;
  const char* quoted_problem_ = nullptr;  // ... and if it is known, what is wrong with the next one
};

}  // namespace sentence_transformers
