// What the benchmark programs share: clocks, memory, statistics, texts, models.
#pragma once

#include <sentence_transformers/sentence_transformers.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

namespace st = sentence_transformers;

/// Seconds of the system's steady clock, the one that Python's time.monotonic() reads.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The value below which `share` of all lie; 0.5 is the median.
inline double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - std::floor(place)) * (values[above] - values[below]);
}

/// Memory of this process in bytes: "VmRSS" now, "VmHWM" at its highest. getrusage would also count
/// what the parent had before exec.
inline int64_t memory(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1)) * 1024;
  }
  throw std::runtime_error("[memory] /proc/self/status has no " + name);
}

/// VmHWM starts again from what is in use now.
inline void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

/// One text a line.
inline std::vector<std::string> read_lines(const std::string& path, size_t limit = SIZE_MAX) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("[read_lines] cannot open " + path);
  std::vector<std::string> lines;
  for (std::string line; lines.size() < limit && std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// `mode` is float32, bfloat16 or int8.
inline st::LoadOptions load_options(const std::string& mode) {
  st::LoadOptions options{.device = "cpu"};
  if (mode == "bfloat16") {
    options.dtype = at::kBFloat16;
  } else if (mode == "int8") {
    options.quantization = st::Quantization::int8;
  } else if (mode != "float32") {
    throw std::invalid_argument("[load] mode is \"" + mode + "\"; known: float32, bfloat16, int8");
  }
  return options;
}

inline st::SentenceTransformer load(const std::string& model, const std::string& mode) {
  return st::SentenceTransformer(model, load_options(mode));
}

/// The model of the Google Benchmark programs: $MODEL, a folder or a name.
inline std::string model_name() {
  const char* name = std::getenv("MODEL");
  return name ? name : "all-MiniLM-L6-v2";
}

/// Texts of `tokens` tokens each, special ones included, for BERT's English vocabulary.
inline std::vector<std::string> texts_of_length(int64_t tokens, int64_t count) {
  static const char* const words[] = {"time",  "house", "green", "water", "people", "small",
                                      "under", "music", "paper", "river", "light",  "stone",
                                      "about", "night", "table", "world"};
  std::mt19937 random(1);
  std::vector<std::string> texts(static_cast<size_t>(count));
  for (std::string& text : texts) {
    for (int64_t i = 2; i < tokens; ++i) text += std::string(words[random() % 16]) + " ";
  }
  return texts;
}

}  // namespace bench
