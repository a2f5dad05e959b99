// What the fuzz targets share: how one is declared, checks that end the program, files in memory.
#pragma once

#include <sentence_transformers/error.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

/// Defines a target's function, `Body(std::string_view input)`: libFuzzer's own entry, or one that
/// run_corpus.cpp calls.
#ifdef SENTENCE_TRANSFORMERS_FUZZ
#define FUZZ_TARGET(name)                                                     \
  static void fuzz_##name(std::string_view input);                            \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {   \
    fuzz_##name(std::string_view(reinterpret_cast<const char*>(data), size)); \
    return 0;                                                                 \
  }                                                                           \
  static void fuzz_##name(std::string_view input)
#else
#define FUZZ_TARGET(name)                   \
  void fuzz_##name(std::string_view input); \
  void fuzz_##name(std::string_view input)
#endif

namespace sentence_transformers::fuzz {

/// What must hold for every input. Both kinds of programs take the end of the process for a fault.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "the property does not hold: %s\n", what);
  std::abort();
}

/// Runs `body`; true if it came to its end. A file may be refused by LoadError or UnsupportedError,
/// whose text says why. Any other exception leaves, which ends the program.
template <class Body>
bool accepted(Body&& body) {
  try {
    body();
    return true;
  } catch (const LoadError& error) {
    require(error.what()[0] == '[', "an error's text begins with the function");
  } catch (const UnsupportedError& error) {
    require(error.what()[0] == '[', "an error's text begins with the function");
  }
  return false;
}

/// A folder of this process, in memory where the system has that.
class Folder {
 public:
  Folder() {
    const std::filesystem::path memory = "/dev/shm";
    std::string name =
        ((std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path()) /
         "sentence_transformers_fuzz_XXXXXX")
            .string();
    require(mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path write(const char* name, std::string_view content) const {
    const std::filesystem::path path = path_ / name;
    std::ofstream file(path, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    require(!file.fail(), "a temporary file can be written");
    return path;
  }
  void remove(const char* name) const { std::filesystem::remove(path_ / name); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace sentence_transformers::fuzz
