// Brings a model from the Hub into the cache and shows what is there now.
#include <sentence_transformers/hub.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>

namespace {

constexpr const char* kUsage =
    R"(usage: download NAME [--revision REVISION] [--cache FOLDER] [--local]

Brings the files that the model NAME needs into the Hugging Face cache (HF_HOME), or into FOLDER,
and prints the folder, the files and their sizes. With --local nobody is asked. HF_TOKEN opens
private and gated models.
)";

}  // namespace

int main(int argc, char** argv) try {
  namespace fs = std::filesystem;
  sentence_transformers::HubOptions options{.show_progress_bar = true};
  std::string name;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--local") {
      options.local_files_only = true;
    } else if (argument == "--revision" && i + 1 < argc) {
      options.revision = argv[++i];
    } else if (argument == "--cache" && i + 1 < argc) {
      options.cache_folder = argv[++i];
    } else if (name.empty() && !argument.starts_with("-")) {
      name = argument;
    } else {
      name.clear();
      break;
    }
  }
  if (name.empty()) {
    std::fputs(kUsage, stderr);
    return 2;
  }

  const fs::path folder = sentence_transformers::download_model(name, options);
  std::map<std::string, std::uintmax_t> files;  // by name
  std::uintmax_t total = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::uintmax_t size = entry.file_size();
    files[entry.path().lexically_relative(folder).string()] = size;
    total += size;
  }
  std::printf("%s\n", folder.c_str());
  for (const auto& [file, size] : files) {
    std::printf("%12ju  %s\n", size, file.c_str());
  }
  std::printf("%12ju  in %zu files\n", total, files.size());
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
