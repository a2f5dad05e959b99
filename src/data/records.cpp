// Buffered lines, and a csv scanner that goes on over line ends inside quotes.
#include "data/records.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace sentence_transformers {
LineReader::LineReader(const std::filesystem::path& path, size_t buffer)
    : source_(open_bytes(path)), buffer_(std::max<size_t>(buffer, 16)) {
  while (end_ < 3) {
    const size_t count = source_->read(buffer_.data() + end_, buffer_.size() - end_);
    if (count == 0) break;
    end_ += count;
  }
  const std::string_view text(buffer_.data(), end_);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    throw LoadError("[LineReader] " + path.string() +
                    ": is UTF-16; expected UTF-8 (iconv -f UTF-16 -t UTF-8 converts it)");
  }
  if (text.starts_with("\xef\xbb\xbf")) begin_ = 3;
}

bool LineReader::seek(int64_t place) {
  if (!source_->seek(place)) return false;
  buffer_place_ = place;
  begin_ = end_ = 0;
  number_ = 0;
  return true;
}

bool LineReader::refill() {
  buffer_place_ += static_cast<int64_t>(end_);
  begin_ = 0;
  end_ = source_->read(buffer_.data(), buffer_.size());
  return end_ > 0;
}

LineReader::Result LineReader::next(std::string_view& line) {
  long_line_.clear();
  place_ = buffer_place_ + static_cast<int64_t>(begin_);
  size_t length = 0;
  for (;;) {
    const char* from = buffer_.data() + begin_;
    const auto* stop = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_));
    const size_t count = stop ? static_cast<size_t>(stop - from) : end_ - begin_;
    begin_ += stop ? count + 1 : count;
    if (stop && length == 0) {
      line = {from, count};
      break;
    }
    length += count;
    long_line_.append(from, std::min(count, kLongestRow - long_line_.size()));
    line = long_line_;
    if (stop) break;
    if (!refill()) {
      if (length == 0) return Result::end;
      break;
    }
  }
  ++number_;
  return length > kLongestRow ? Result::too_long : Result::line;
}

bool RowReader::seek(int64_t place) {
  read_again_.clear();
  number_ = 0;
  return lines_.seek(place);
}

RowReader::Result RowReader::next() {
  fields_.clear();
  return kind_ == Kind::csv ? next_csv() : next_tsv();
}

RowReader::Result RowReader::next_tsv() {
  std::string_view line;
  const LineReader::Result result = lines_.next(line);
  if (result == LineReader::Result::end) return Result::end;
  line_ = lines_.number();
  place_ = lines_.place();
  if (result == LineReader::Result::too_long) {
    problem_ = kTooLong;
    return Result::bad;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return Result::empty;
  for (size_t begin = 0;;) {
    const size_t tab = line.find('\t', begin);
    fields_.push_back(line.substr(begin, tab - begin));
    if (tab == std::string_view::npos) return Result::row;
    begin = tab + 1;
  }
}

/// Adds the next line to the row; false at the file's end.
bool RowReader::append_line() {
  starts_.push_back(row_.size());
  if (!read_again_.empty()) {
    row_ += read_again_.front().text;
    too_long_ = read_again_.front().too_long;
    places_.push_back(read_again_.front().place);
    read_again_.pop_front();
  } else {
    std::string_view line;
    const LineReader::Result result = lines_.next(line);
    if (result == LineReader::Result::end) {
      starts_.pop_back();
      return false;
    }
    row_ += line;
    too_long_ = result == LineReader::Result::too_long;
    places_.push_back(lines_.place());
  }
  ++number_;
  return true;
}

/// Goes on from state_ with row_[from, end), which ends where a line does.
void RowReader::scan(size_t from, size_t end) {
  const auto find = [&](char c, size_t at) {
    const void* found = std::memchr(row_.data() + at, c, end - at);
    return found ? static_cast<size_t>(static_cast<const char*>(found) - row_.data()) : end;
  };
  for (size_t at = from;;) {
    if (state_ == State::begin && at < end && row_[at] == '"') {
      bounds_.push_back({++at, 0, true});
      state_ = State::quoted;
    }
    if (state_ == State::begin) {
      const size_t comma = find(',', at);
      bounds_.push_back({at, comma, false});
      at = comma;
    } else {
      size_t quote = find('"', at);
      while (quote + 1 < end && row_[quote + 1] == '"') quote = find('"', quote + 2);
      if (quote == end) return;  // goes on with the next line
      bounds_.back().end = quote;
      at = quote + 1;
      if (at < end && row_[at] != ',') {
        state_ = State::bad;
        return;
      }
    }
    if (at == end) {
      state_ = State::done;
      return;
    }
    state_ = State::begin;
    ++at;
  }
}

RowReader::Result RowReader::next_csv() {
  row_.clear();
  starts_.clear();
  places_.clear();
  bounds_.clear();
  state_ = State::begin;
  if (!append_line()) return Result::end;
  line_ = number_;
  place_ = places_[0];
  if (!too_long_ && (row_.empty() || row_ == "\r")) return Result::empty;
  for (size_t from = 0;;) {
    if (too_long_) return give_up(kTooLong);
    scan(from, row_.size() - (row_.ends_with('\r') ? 1 : 0));
    if (state_ == State::done) break;
    if (state_ == State::bad) return give_up("has text between a closing quote and the next comma");
    if (row_.size() > kLongestRow) return give_up("has a quote that does not close within a row");
    row_ += '\n';
    from = row_.size();
    if (!append_line()) return give_up("has a quote that does not close before the file's end");
  }
  for (const Field& field : bounds_) fields_.push_back(unquote(field));
  return Result::row;
}

RowReader::Result RowReader::give_up(std::string problem) {
  std::vector<Line> lines;
  for (size_t i = 1; i < starts_.size(); ++i) {
    const bool last = i + 1 == starts_.size();
    const size_t end = last ? row_.size() : starts_[i + 1] - 1;
    lines.push_back({row_.substr(starts_[i], end - starts_[i]), last && too_long_, places_[i]});
  }
  // Where the file ended inside quotes, the row got a line end that the file may not have.
  if (!lines.empty() && lines.back().text.ends_with('\n')) lines.back().text.pop_back();
  read_again_.insert(read_again_.begin(), std::make_move_iterator(lines.begin()),
                     std::make_move_iterator(lines.end()));
  number_ = line_;
  problem_ = std::move(problem);
  return Result::bad;
}

/// The field's text in row_, doubled quotes made single ones in place.
std::string_view RowReader::unquote(const Field& field) {
  char* const begin = row_.data() + field.begin;
  size_t length = field.end - field.begin;
  if (field.quoted && length > 0 && std::memchr(begin, '"', length)) {
    size_t to = 0;
    for (size_t from = 0; from < length; ++from) {
      begin[to++] = begin[from];
      if (begin[from] == '"') ++from;
    }
    length = to;
  }
  return {begin, length};
}

}  // namespace sentence_transformers
