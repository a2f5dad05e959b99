// PKWARE's APPNOTE.TXT: 4.3.12 (directory), 4.3.14 and 4.3.15 (zip64), 4.3.16 (its end).
#include "core/zip.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <cstring>

#ifdef SENTENCE_TRANSFORMERS_ZLIB
#include <zlib.h>

#include "core/quoted.h"
#endif

namespace sentence_transformers {
namespace {

constexpr size_t kEndSize = 22, kLocatorSize = 20, kEnd64Size = 56, kDirectorySize = 46,
                 kLocalSize = 30;
constexpr uint32_t kIn64 = 0xffffffff;  // the number stands in the zip64 field

/// Little-endian numbers and texts inside the file, never outside.
class Reader {
 public:
  Reader(const MappedFile& file, const std::string& start) : file_(file), start_(start) {}

  void require(size_t begin, size_t size, const char* what) const {
    if (begin > file_.size() || size > file_.size() - begin) {
      throw LoadError(start_ + "the zip archive's " + what + " lies outside of the file");
    }
  }
  uint64_t number(size_t at, size_t bytes) const {
    require(at, bytes, "directory");
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;)
      value = value << 8 | std::to_integer<uint64_t>(file_.data()[at + i]);
    return value;
  }
  bool has(size_t at, const char* signature) const {
    return at <= file_.size() && file_.size() - at >= 4 &&
           std::memcmp(file_.data() + at, signature, 4) == 0;
  }
  std::string text(size_t at, size_t size) const {
    require(at, size, "directory");
    return {reinterpret_cast<const char*>(file_.data()) + at, size};
  }

 private:
  const MappedFile& file_;
  const std::string& start_;
};

struct Directory {
  uint64_t begin, size, count;
};

Directory find_directory(const Reader& reader, size_t file_size, const std::string& start) {
  constexpr size_t kLongestComment = 0xffff;
  for (size_t back = kEndSize; back <= std::min(file_size, kEndSize + kLongestComment); ++back) {
    const size_t end = file_size - back;
    if (!reader.has(end, "PK\5\6") || reader.number(end + 20, 2) != back - kEndSize) continue;
    Directory directory{reader.number(end + 16, 4), reader.number(end + 12, 4),
                        reader.number(end + 10, 2)};
    if (end >= kLocatorSize && reader.has(end - kLocatorSize, "PK\6\7")) {
      const uint64_t end64 = reader.number(end - kLocatorSize + 8, 8);
      reader.require(end64, kEnd64Size, "zip64 record");
      if (!reader.has(end64, "PK\6\6")) {
        throw LoadError(start + "the zip archive's zip64 record is missing");
      }
      directory = {reader.number(end64 + 48, 8), reader.number(end64 + 40, 8),
                   reader.number(end64 + 32, 8)};
    }
    reader.require(directory.begin, directory.size, "directory");
    if (directory.count > directory.size / kDirectorySize) {
      throw LoadError(start + "the zip archive's directory is too short for its " +
                      std::to_string(directory.count) + " entries");
    }
    return directory;
  }
  throw LoadError(start + "the zip archive has no end: is the file complete?");
}

}  // namespace

ZipFile::ZipFile(std::shared_ptr<MappedFile> file, const std::string& start)
    : file_(std::move(file)), start_(start) {
  const Reader reader(*file_, start_);
  const Directory directory = find_directory(reader, file_->size(), start_);
  struct Range {
    size_t begin, end;
    std::string name;
  };
  std::vector<Range> ranges;
  size_t at = directory.begin;
  for (uint64_t i = 0; i < directory.count; ++i) {
    reader.require(at, kDirectorySize, "directory");
    if (!reader.has(at, "PK\1\2"))
      throw LoadError(start_ + "the zip archive's directory is broken");
    const uint64_t flags = reader.number(at + 8, 2), method = reader.number(at + 10, 2);
    uint64_t size = reader.number(at + 20, 4), whole = reader.number(at + 24, 4),
             local = reader.number(at + 42, 4);
    const size_t name_size = reader.number(at + 28, 2), extra_size = reader.number(at + 30, 2),
                 comment_size = reader.number(at + 32, 2);
    const std::string name = reader.text(at + kDirectorySize, name_size);
    const std::string where = start_ + "zip entry " + in_quotes(name) + ": ";
    size_t extra = at + kDirectorySize + name_size;
    const size_t extra_end = extra + extra_size;
    reader.require(extra, extra_size, "directory");
    while (extra + 4 <= extra_end) {
      const uint64_t id = reader.number(extra, 2), length = reader.number(extra + 2, 2);
      if (id == 1) {
        size_t field = extra + 4;
        for (uint64_t* value : {&whole, &size, &local}) {
          if (*value != kIn64) continue;
          if (field + 8 > std::min<size_t>(extra + 4 + length, extra_end)) {
            throw LoadError(where + "its zip64 field is too short");
          }
          *value = reader.number(field, 8);
          field += 8;
        }
      }
      extra += 4 + length;
    }
    at = extra_end + comment_size;

    if (flags & 1) throw UnsupportedError(where + "is encrypted");
    if (method != 0 && method != 8) {
      throw UnsupportedError(where + "is compressed by method " + std::to_string(method) +
                             "; known: 0 (stored), 8 (deflated)");
    }
    reader.require(local, kLocalSize, "entry");
    const size_t local_name = reader.number(local + 26, 2);
    const size_t begin = local + kLocalSize + local_name + reader.number(local + 28, 2);
    if (!reader.has(local, "PK\3\4") || reader.text(local + kLocalSize, local_name) != name) {
      throw LoadError(where + "its header does not fit the directory");
    }
    if (begin > directory.begin || size > directory.begin - begin) {
      throw LoadError(where + std::to_string(size) + " bytes lie outside of the archive");
    }
    if (method == 0 && size != whole) {
      throw LoadError(where + "is stored, but its two sizes differ");
    }
    const ZipEntry entry{begin, static_cast<size_t>(size), static_cast<size_t>(whole), method == 8};
    if (!entries_.emplace(name, entry).second) throw LoadError(where + "is there twice");
    ranges.push_back({static_cast<size_t>(local), begin + static_cast<size_t>(size), name});
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin < ranges[i - 1].end) {
      throw LoadError(start_ + "zip entries " + in_quotes(ranges[i - 1].name) + " and " +
                      in_quotes(ranges[i].name) + " overlap");
    }
  }
}

const ZipEntry* ZipFile::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::byte> ZipFile::read(const ZipEntry& entry) const {
  const std::byte* data = file_->data() + entry.begin;
  if (!entry.deflated) return {data, data + entry.size};
#ifdef SENTENCE_TRANSFORMERS_ZLIB
  // No deflate stream grows more than that, so that a size out of the air costs no memory.
  constexpr size_t kLargestGrowth = 1032;
  if (entry.whole_size / kLargestGrowth > entry.size || entry.size > UINT32_MAX ||
      entry.whole_size > UINT32_MAX) {
    throw LoadError(start_ + "a deflated zip entry of " + std::to_string(entry.size) +
                    " bytes cannot become " + std::to_string(entry.whole_size));
  }
  std::vector<std::byte> whole(entry.whole_size);
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data));
  stream.avail_in = static_cast<uInt>(entry.size);
  Bytef nothing = 0;  // zlib wants a place even for no bytes
  stream.next_out = whole.empty() ? &nothing : reinterpret_cast<Bytef*>(whole.data());
  stream.avail_out = static_cast<uInt>(whole.size());
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw Error(start_ + "zlib does not start");
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (result != Z_STREAM_END || stream.avail_out != 0) {
    throw LoadError(start_ + "a deflated zip entry is broken");
  }
  return whole;
#else
  throw UnsupportedError(start_ +
                         "a zip entry is deflated, and this library was built without zlib");
#endif
}

}  // namespace sentence_transformers
