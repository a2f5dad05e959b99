// Each reader takes time in proportion to its file: twice the input, at most 2.5 times the time.
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/storage.h>

#include <ctime>
#include <limits>

#include "core/config.h"
#include "core/safetensors.h"
#include "data/records.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

/// Of this thread, so that other work on the machine does not count.
double seconds_now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class ComplexityTest : public testing::Test {
 protected:
  /// `make(n, path)` writes an input of size n, `read(path)` reads it. Sizes grow until reading
  /// takes a few milliseconds; a reader that is quadratic takes four times as long for twice the
  /// input.
  template <class Make, class Read>
  void expect_linear(size_t n, Make&& make, Read&& read) {
    const fs::path once = dir_.path() / "once", twice = dir_.path() / "twice";
    make(n, once);
    make(2 * n, twice);
    double ratio = 0;
    for (int attempt = 0; attempt < 3; ++attempt) {
      double least_once = std::numeric_limits<double>::infinity(), least_twice = least_once;
      for (int round = 0; round < 5; ++round) {
        for (const auto& [path, least] : {std::pair(&once, &least_once), {&twice, &least_twice}}) {
          const double start = seconds_now();
          read(*path);
          *least = std::min(*least, seconds_now() - start);
        }
      }
      ratio = least_twice / least_once;
      if (ratio <= 2.5) return;
    }
    ADD_FAILURE() << "twice the input took " << ratio << " times the time";
  }

  /// A file of n equal parts.
  static auto repeated(const std::string& begin, const std::string& part, const std::string& end) {
    return [=](size_t n, const fs::path& path) {
      std::string text = begin;
      for (size_t i = 0; i < n; ++i) text += part;
      write_file(path, text + end);
    };
  }
  /// The same, parts told apart by their number where they have a '#'.
  static auto numbered(const std::string& begin, const std::string& part, const std::string& end) {
    return [=](size_t n, const fs::path& path) {
      std::string text = begin;
      for (size_t i = 0; i < n; ++i) {
        for (const char c : part) c == '#' ? void(text += std::to_string(i)) : void(text += c);
      }
      write_file(path, text + end);
    };
  }
  static void read_rows(const fs::path& path, RowReader::Kind kind) {
    RowReader reader(path, kind);
    while (reader.next() != RowReader::Result::end) {
    }
  }

  TempDir dir_;
};

TEST_F(ComplexityTest, Json) {
  const auto objects =
      numbered("{\"model\": {\"vocab\": {}, \"x\": {", "\"k#\": {\"a\": 1},", "\"end\": 1}}}");
  expect_linear(5'000, objects, [](const fs::path& path) { read_json(path); });
  expect_linear(5'000, objects, [](const fs::path& path) {
    InnerObject apart{"model", "vocab"};
    read_json(path, &apart);
  });
  expect_linear(5'000, objects, [](const fs::path& path) {
    InnerObject apart{"model", "x"};
    read_json(path, &apart);
    EXPECT_GT(apart.members.size(), 5'000u);
  });
  expect_linear(20'000, repeated("[", "[[]],", "1]"),
                [](const fs::path& path) { read_json(path); });
}

TEST_F(ComplexityTest, SafeTensorsHeader) {
  const auto tensors = [](size_t n, const fs::path& path) {
    std::vector<std::pair<std::string, at::Tensor>> list;
    const at::Tensor value = at::zeros({1}, at::kByte);
    for (size_t i = 0; i < n; ++i) list.emplace_back("tensor." + std::to_string(i), value);
    write_safetensors(path, list);
  };
  expect_linear(2'000, tensors, [](const fs::path& path) {
    EXPECT_GE(SafeTensors::open(path).names().size(), 2'000u);
  });
}

TEST_F(ComplexityTest, SafeTensorsWriting) {
  const at::Tensor value = at::zeros({1}, at::kByte);
  const auto size = [](size_t n, const fs::path& path) { write_file(path, std::string(n, 'x')); };
  expect_linear(3'000, size, [&](const fs::path& path) {
    std::vector<std::pair<std::string, at::Tensor>> list;
    for (size_t i = fs::file_size(path); i-- > 0;) list.emplace_back(std::to_string(i), value);
    write_safetensors(dir_.path() / "out", list);
  });
}

TEST_F(ComplexityTest, Csv) {
  for (const std::string line :
       {"x\",\"\n", "\"a\n", "x,\"y \"\"z\"\"\nmore\",1\n", "a,b,c\n", "\"\"x\n", ",\"\n\n"}) {
    expect_linear(20'000, repeated("", line, ""),
                  [](const fs::path& path) { read_rows(path, RowReader::Kind::csv); });
  }
  // Stray quotes before one long line that is bad, or too long.
  const auto before_long = [](size_t n, const fs::path& path) {
    std::string text;
    for (size_t i = 0; i < n; ++i) text += "x\",\"\n";
    write_file(path, text + std::string(20 * n, 'x') + "\"y\n");
  };
  expect_linear(10'000, before_long,
                [](const fs::path& path) { read_rows(path, RowReader::Kind::csv); });
}

TEST_F(ComplexityTest, Tsv) {
  expect_linear(30'000, repeated("", "a\t\"b\tc\n", ""),
                [](const fs::path& path) { read_rows(path, RowReader::Kind::tsv); });
  expect_linear(300'000, repeated("", "\t", ""),
                [](const fs::path& path) { read_rows(path, RowReader::Kind::tsv); });
}

TEST_F(ComplexityTest, JsonLines) {
  const FileDatasetOptions options{.format = FileFormat::jsonl, .texts = {"a"}};
  const auto read = [&](const fs::path& path) {
    const auto reader = FileDataset({path}, options).read();
    for (Example example; reader->next(example);) {
    }
  };
  expect_linear(5'000, repeated("", "{\"a\": \"text\", \"b\": [1, {}]}\n", ""), read);
  expect_linear(5'000, numbered("{\"a\": \"text\", \"b\": {", "\"k#\": {},", "\"z\": 1}}\n"), read);
}

TEST_F(ComplexityTest, NpyHeader) {
  const auto header = [](size_t n, const fs::path& path) {
    std::string text = "{'descr': '|u1', 'fortran_order': False, 'shape': (0, ";
    for (size_t i = 0; i < n; ++i) text += "1, ";
    text += "), }" + std::string(8 * n, ' ') + "\n";
    std::string start = "\x93NUMPY\x02";
    start += '\0';
    for (int i = 0; i < 4; ++i) start += static_cast<char>(text.size() >> 8 * i & 0xFF);
    write_file(path, start + text);
  };
  expect_linear(20'000, header, [](const fs::path& path) { load_npy(path); });
}

TEST_F(ComplexityTest, Store) {
  const auto store = [](size_t n, const fs::path& path) {
    save_embeddings(path, std::vector<std::string>(n, "a \"sentence\""),
                    at::zeros({static_cast<int64_t>(n), 4}, at::kFloat));
  };
  expect_linear(10'000, store, [](const fs::path& path) { load_embeddings(path); });
}

}  // namespace
}  // namespace sentence_transformers
