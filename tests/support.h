// What several tests share: a folder of their own, golden files, the real model.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sentence_transformers/error.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sentence_transformers::test {

namespace fs = std::filesystem;

/// A folder that goes away with its object.
class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "sentence_transformers_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Takes the rights from files for its lifetime, also where the tests run as root.
class WithoutRights {
 public:
  /// `folder`, and a folder around it that belongs to the tests.
  WithoutRights(const fs::path& folder, const fs::path& around) : folder_(folder) {
    chmod(around.c_str(), 0755);
    chmod(folder.c_str(), 0);
    if (was_root_ && seteuid(65534) != 0) ADD_FAILURE() << "cannot become another user";
  }
  ~WithoutRights() {
    if (was_root_ && seteuid(0) != 0) ADD_FAILURE() << "cannot become root again";
    chmod(folder_.c_str(), 0755);
  }
  WithoutRights(const WithoutRights&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;

 private:
  fs::path folder_;
  bool was_root_ = geteuid() == 0;
};

/// Runs `body` in a child process and gives its wait status. The child must not use LibTorch, whose
/// threads do not survive a fork.
template <class F>
int in_child(F&& body) {
  const pid_t child = fork();
  if (child == 0) {
    int code = 99;
    try {
      code = body();
    } catch (...) {
    }
    _exit(code);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

inline fs::path golden(const std::string& name) { return fs::path(GOLDEN_FOLDER) / name; }

/// all-MiniLM-L6-v2's folder, or "" where it is missing; use MODEL_OR_SKIP.
inline std::string model_folder() {
  const char* given = std::getenv("SENTENCE_TRANSFORMERS_MODEL");
  const fs::path folder =
      given ? fs::path(given) : fs::path(SOURCE_FOLDER) / "models/all-MiniLM-L6-v2";
  return fs::exists(folder / "model.safetensors") ? folder.string() : "";
}

#define MODEL_OR_SKIP()                                                                    \
  if (::sentence_transformers::test::model_folder().empty()) {                             \
    GTEST_SKIP() << "all-MiniLM-L6-v2 is not in models/; scripts/quickstart.sh brings it"; \
  }

inline void write_file(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline nlohmann::json golden_json(const std::string& name) {
  std::ifstream file(golden(name));
  return nlohmann::json::parse(file);
}

/// One JSON value a line.
inline std::vector<nlohmann::json> golden_lines(const std::string& name) {
  std::ifstream file(golden(name));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  if (a.numel() == 0) return 0;
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// Runs `statement`, which must throw `type` with each of the texts in its message.
#define EXPECT_THROWS(type, statement, ...)                                       \
  try {                                                                           \
    statement;                                                                    \
    ADD_FAILURE() << "expected " #type;                                           \
  } catch (const type& e) {                                                       \
    for (const std::string& part : std::vector<std::string>{__VA_ARGS__}) {       \
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what(); \
    }                                                                             \
  }

/// `call` must throw an Error, of one line without C++ stack frames, that begins with `start`.
template <class Call>
void expect_one_line(const Call& call, const std::string& start) {
  try {
    call();
    ADD_FAILURE() << "expected an Error";
  } catch (const Error& e) {
    const std::string text = e.what();
    EXPECT_EQ(text.compare(0, start.size(), start), 0) << text;
    EXPECT_GT(text.size(), start.size() + 5);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_EQ(text.find("frame #"), std::string::npos) << text;
  }
}

}  // namespace sentence_transformers::test
