// Buffered lines, and a csv scanner that goes on over line ends inside quotes.
#include "data/records.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <cstring>

namespace sentence_transformers {
namespace {

constexpr const char* kTextBehindQuote = "has text between a closing quote and the next comma";

}  // namespace

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
  pending_.clear();
  starts_.clear();
  row_begin_ = quoted_end_ = 0;
  quoted_problem_ = nullptr;
  last_too_long_ = false;
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
  if (result == LineReader::Result::too_long) return bad(kTooLong);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return Result::empty;
  for (size_t begin = 0;;) {
    const size_t tab = line.find('\t', begin);
    fields_.push_back(line.substr(begin, tab - begin));
    if (tab == std::string_view::npos) return Result::row;
    begin = tab + 1;
  }
}

/// Adds the next line of the file to pending_; false at the file's end.
bool RowReader::append_line() {
  std::string_view line;
  const LineReader::Result result = lines_.next(line);
  if (result == LineReader::Result::end) return false;
  starts_.push_back({pending_.size(), lines_.place()});
  pending_ += line;
  pending_ += '\n';
  last_too_long_ = result == LineReader::Result::too_long;
  return true;
}

/// Where the line from `from` on ends in pending_, which has it after this; npos at the file's end.
size_t RowReader::line_end(size_t from) {
  if (from == pending_.size() && !append_line()) return std::string::npos;
  const void* stop = std::memchr(pending_.data() + from, '\n', pending_.size() - from);
  return static_cast<size_t>(static_cast<const char*>(stop) - pending_.data());
}

bool RowReader::is_too_long(size_t end) const {
  return last_too_long_ && end + 1 == pending_.size();
}

/// Goes on from state_ with one line, pending_[from, end).
void RowReader::scan(size_t from, size_t end) {
  if (end > from && pending_[end - 1] == '\r') --end;
  const auto find = [&](char c, size_t at) {
    const void* found = at < end ? std::memchr(pending_.data() + at, c, end - at) : nullptr;
    return found ? static_cast<size_t>(static_cast<const char*>(found) - pending_.data()) : end;
  };
  for (size_t at = from;;) {
    if (state_ == State::begin && at < end && pending_[at] == '"') {
      bounds_.push_back({++at, 0, true});
      state_ = State::quoted;
    }
    if (state_ == State::begin) {
      const size_t comma = find(',', at);
      bounds_.push_back({at, comma, false});
      at = comma;
    } else {
      size_t quote = find('"', at);
      while (quote + 1 < end && pending_[quote + 1] == '"') quote = find('"', quote + 2);
      if (quote == end) return;  // goes on with the next line
      bounds_.back().end = quote;
      at = quote + 1;
      if (at < end && pending_[at] != ',') {
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

/// Drops the lines behind which the next row is looked for. Only when they are most of what is
/// there, so that each byte moves a few times at most.
void RowReader::forget_read_lines() {
  if (row_begin_ <= pending_.size() / 2) return;
  pending_.erase(0, row_begin_);
  std::erase_if(starts_, [&](const Start& s) { return s.at < row_begin_; });
  for (Start& s : starts_) s.at -= row_begin_;
  quoted_end_ = quoted_end_ > row_begin_ ? quoted_end_ - row_begin_ : 0;
  row_begin_ = 0;
}

RowReader::Result RowReader::next_csv() {
  forget_read_lines();
  const size_t begin = row_begin_;
  size_t end = line_end(begin);
  if (end == std::string::npos) return Result::end;
  line_ = ++number_;
  place_ = std::lower_bound(starts_.begin(), starts_.end(), begin, [](const Start& s, size_t at) {
             return s.at < at;
           })->place;
  row_begin_ = end + 1;  // of the next row, unless this one has more lines
  if (is_too_long(end)) return bad(kTooLong);
  const std::string_view line(pending_.data() + begin, end - begin);
  if (line.empty() || line == "\r") return Result::empty;

  bounds_.clear();
  state_ = State::begin;
  scan(begin, end);
  if (state_ == State::quoted) {
    if (const char* problem = follow_quotes(begin, end)) return bad(problem);
    number_ += std::count(pending_.data() + begin, pending_.data() + end, '\n');
    row_begin_ = end + 1;
  }
  if (state_ == State::bad) return bad(kTextBehindQuote);
  for (const Field& field : bounds_) fields_.push_back(unquote(field));
  return Result::row;
}

/// Goes on to the end of a row whose first line, which begins and ends there, left a quote open;
/// returns what is wrong with it, or nothing. Many rows in sequence may fail over the same lines,
/// so that what one found out about them serves the next: a line that begins inside quotes ends
/// alike whichever row brought them.
const char* RowReader::follow_quotes(size_t begin, size_t& end) {
  const size_t second = end + 1;
  const bool is_known = quoted_end_ > second;
  if (quoted_end_ < second) {
    quoted_end_ = second;
    quoted_problem_ = nullptr;
  }
  for (;;) {
    end = quoted_end_ - 1;
    if (end - begin > kLongestRow) return "has a quote that does not close within a row";
    if (!quoted_problem_) {
      const size_t stop = line_end(quoted_end_);
      if (stop == std::string::npos) {
        quoted_problem_ = "has a quote that does not close before the file's end";
      } else if (is_too_long(stop)) {
        quoted_problem_ = kTooLong;
      } else {
        scan(quoted_end_, stop);
        end = stop;
        if (state_ == State::done) break;
        if (state_ == State::bad) quoted_problem_ = kTextBehindQuote;
        if (state_ == State::quoted) quoted_end_ = stop + 1;
      }
    }
    if (quoted_problem_) return quoted_problem_;
  }
  if (is_known) scan_row(begin, end);
  return nullptr;
}

/// Finds the fields of a row that is known to be good.
void RowReader::scan_row(size_t begin, size_t end) {
  bounds_.clear();
  state_ = State::begin;
  for (size_t from = begin; from <= end;) {
    const size_t stop = line_end(from);
    scan(from, stop);
    from = stop + 1;
  }
}

RowReader::Result RowReader::bad(const char* problem) {
  problem_ = problem;
  return Result::bad;
}

/// The field's text in pending_, doubled quotes made single ones in place.
std::string_view RowReader::unquote(const Field& field) {
  char* const begin = pending_.data() + field.begin;
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
