// Runs a fuzz target over a folder of inputs and, for some seconds, over mutations of them. Made
// for any compiler; libFuzzer (scripts/fuzz.sh) searches deeper.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

void fuzz_chat_template(std::string_view);
void fuzz_config(std::string_view);
void fuzz_hub_tree(std::string_view);
void fuzz_npy(std::string_view);
void fuzz_records(std::string_view);
void fuzz_route_mappings(std::string_view);
void fuzz_safetensors(std::string_view);
void fuzz_store(std::string_view);
void fuzz_tokenizer(std::string_view);
void fuzz_torch_file(std::string_view);
void fuzz_trainer_state(std::string_view);
void fuzz_words(std::string_view);

namespace {

namespace fs = std::filesystem;

struct Target {
  std::string_view name;
  void (*run)(std::string_view);
};

constexpr Target kTargets[] = {
    {"chat_template", fuzz_chat_template},
    {"config", fuzz_config},
    {"hub_tree", fuzz_hub_tree},
    {"npy", fuzz_npy},
    {"records", fuzz_records},
    {"route_mappings", fuzz_route_mappings},
    {"safetensors", fuzz_safetensors},
    {"store", fuzz_store},
    {"tokenizer", fuzz_tokenizer},
    {"torch_file", fuzz_torch_file},
    {"trainer_state", fuzz_trainer_state},
    {"words", fuzz_words},
};

std::vector<std::string> read_inputs(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

/// A few random changes, of which the number alone decides.
std::string mutation(const std::vector<std::string>& inputs, uint32_t number) {
  std::mt19937 random(number);
  const auto below = [&](size_t limit) { return limit == 0 ? 0 : random() % limit; };
  std::string text = inputs[below(inputs.size())];
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    const size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        text.insert(at, 1, "{}[]\",:0-\n\t\x00\xff\xc3 \\"[below(17)]);
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), 1 + below(16)));
        break;
      default: {
        const std::string& other = inputs[below(inputs.size())];
        text = text.substr(0, at) + other.substr(below(other.size()));
      }
    }
  }
  return text;
}

/// The input that is run is found in `last_input` if the process ends in it.
void run(const Target& target, const std::string& input) {
  std::ofstream("last_input_" + std::string(target.name), std::ios::binary) << input;
  target.run(input);
}

int run_all(const Target& target, const fs::path& folder, double seconds) {
  const std::vector<std::string> inputs = read_inputs(folder);
  if (inputs.empty()) {
    std::cerr << folder << " is empty\n";
    return 2;
  }
  for (const std::string& input : inputs) run(target, input);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  uint32_t count = 0;
  while (std::chrono::steady_clock::now() < end) run(target, mutation(inputs, count++));
  std::cout << target.name << ": " << inputs.size() << " inputs and " << count << " mutations\n";
  return 0;
}

}  // namespace
}  // namespace sentence_transformers

int main(int argc, char** argv) {
  using namespace sentence_transformers;
  const auto target = std::find_if(std::begin(kTargets), std::end(kTargets),
                                   [&](const Target& t) { return argc == 4 && t.name == argv[1]; });
  if (target == std::end(kTargets)) {
    std::cerr << "usage: fuzz_corpus TARGET FOLDER SECONDS\n";
    return 2;
  }
  try {
    return run_all(*target, argv[2], std::stod(argv[3]));
  } catch (const std::exception& error) {
    std::cerr << target->name << ": an exception that may not leave: " << error.what()
              << "\nthe input is in last_input_" << target->name << "\n";
    return 1;
  }
}
