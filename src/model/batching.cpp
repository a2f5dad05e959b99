#include "model/batching.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <tuple>

#include "core/progress.h"

namespace sentence_transformers {
namespace {

// Inputs are tokenized and sorted by length this many at a time: enough for batches of equal
// lengths, and memory stays flat however many inputs there are.
constexpr size_t kWindow = 8192;
constexpr int64_t kInputsPerTokenizerTask = 16;

/// An input's tokens in little memory, for a window of them is held at once: a token's id and type
/// in one number.
class Tokens {
 public:
  Tokens() = default;
  explicit Tokens(const InputTokens& input)
      : unattended_(input.unattended), truncated_(input.encoding.truncated()) {
    const Encoding& encoding = input.encoding;
    tokens_.reserve(encoding.ids.size());
    for (size_t i = 0; i < encoding.ids.size(); ++i) {
      const int64_t id = encoding.ids[i], type = encoding.type_ids[i];
      if (id >> (32 - kTypeBits) != 0 || type >> kTypeBits != 0) {
        throw std::invalid_argument("token id " + std::to_string(id) + " of type " +
                                    std::to_string(type) + "; expected less than 2^28 and 2^4");
      }
      tokens_.push_back(static_cast<uint32_t>(id << kTypeBits | type));
    }
  }

  size_t size() const { return tokens_.size(); }
  bool truncated() const { return truncated_; }
  int64_t unattended() const { return unattended_; }
  bool operator==(const Tokens& other) const {
    return unattended_ == other.unattended_ && tokens_ == other.tokens_;
  }
  bool operator<(const Tokens& other) const {
    return std::tie(tokens_, unattended_) < std::tie(other.tokens_, other.unattended_);
  }

  std::vector<int64_t> ids() const {
    return each([](uint32_t t) { return t >> kTypeBits; });
  }
  std::vector<int64_t> type_ids() const {
    return each([](uint32_t t) { return t & ((1U << kTypeBits) - 1); });
  }

 private:
  static constexpr int kTypeBits = 4;

  template <class Part>
  std::vector<int64_t> each(const Part& part) const {
    std::vector<int64_t> result(tokens_.size());
    std::transform(tokens_.begin(), tokens_.end(), result.begin(), part);
    return result;
  }

  std::vector<uint32_t> tokens_;
  int64_t unattended_ = 0;
  bool truncated_ = false;
};

using Sorted = std::vector<const Tokens*>;

/// Pieces of work on several threads, until one of them throws: a parallel loop keeps the exception
/// but waits for all its threads, which should therefore begin nothing more.
class Until {
 public:
  template <class Work>
  void run(const Work& work) {
    try {
      work();
    } catch (...) {
      failed_ = true;
      throw;
    }
  }
  bool failed() const { return failed_; }

 private:
  std::atomic<bool> failed_ = false;
};

/// The tokens of inputs first, first + 1, ...
std::vector<Tokens> tokenize_all(size_t first, size_t count, const Tokenize& tokenize,
                                 const PassOptions& options) {
  std::vector<Tokens> inputs(count);
  Until until;
  const auto work = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && !until.failed(); ++i) {
      const size_t input = first + static_cast<size_t>(i);
      const auto complain = [&](const std::string& what) {
        return std::invalid_argument("[" + options.function + "] text " + std::to_string(input) +
                                     what);
      };
      until.run([&] {
        const InputTokens tokens = tokenize(input);
        if (tokens.encoding.ids.empty() && !options.takes_no_tokens) {
          throw complain(" has no tokens, and this model's tokenizer adds none");
        }
        try {
          inputs[i] = Tokens(tokens);
        } catch (const std::invalid_argument& e) {
          throw complain(std::string(": ") + e.what());
        }
      });
    }
  };
  at::parallel_for(0, static_cast<int64_t>(count), kInputsPerTokenizerTask, work);
  return inputs;
}

/// Longest first, equal ones side by side.
Sorted by_falling_length(const std::vector<Tokens>& inputs) {
  Sorted sorted;
  sorted.reserve(inputs.size());
  for (const Tokens& t : inputs) sorted.push_back(&t);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Tokens* a, const Tokens* b) {
    return a->size() != b->size() ? a->size() > b->size() : *a < *b;
  });
  return sorted;
}

/// Where each run of equal ones begins, and the end.
std::vector<size_t> runs(const Sorted& sorted) {
  std::vector<size_t> begins;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || !(*sorted[i] == *sorted[i - 1])) begins.push_back(i);
  }
  begins.push_back(sorted.size());
  return begins;
}

TokenBatch pack(const Sorted& sorted, size_t begin, size_t end, c10::Device device) {
  std::vector<std::vector<int64_t>> ids, type_ids;
  std::vector<int64_t> attended;
  bool all = true;
  for (size_t i = begin; i < end; ++i) {
    ids.push_back(sorted[i]->ids());
    type_ids.push_back(sorted[i]->type_ids());
    attended.push_back(static_cast<int64_t>(sorted[i]->size()) - sorted[i]->unattended());
    all = all && sorted[i]->unattended() == 0;
  }
  TokenBatch batch = pack_tokens(ids, type_ids, device);
  if (!all) batch.attended = std::move(attended);
  return batch;
}

/// Cuts inputs, ordered by falling length, into forward passes: each the index of its first input,
/// and the end.
std::vector<size_t> cut(const Sorted& sorted, const PassOptions& options) {
  std::vector<size_t> starts = {0};
  while (starts.back() < sorted.size()) {
    const auto longest = std::max<int64_t>(1, static_cast<int64_t>(sorted[starts.back()]->size()));
    const auto inputs =
        std::min(options.batch_size, std::max<int64_t>(1, options.tokens_a_pass / longest));
    starts.push_back(std::min(sorted.size(), starts.back() + static_cast<size_t>(inputs)));
  }
  return starts;
}

/// Calls work(i) for each i below `count`: on the CPU one on each core, whoever is free takes the
/// next; else one after the other, each with all cores. An exception ends it as soon as the passes
/// under way are through.
void for_each_pass(size_t count, c10::Device device, const std::function<void(size_t)>& work) {
  const int64_t workers =
      device.is_cpu() ? std::min<int64_t>(at::get_num_threads(), static_cast<int64_t>(count)) : 1;
  if (workers <= 1) {
    for (size_t i = 0; i < count; ++i) work(i);
    return;
  }
  std::atomic<size_t> next = 0;
  Until until;
  at::parallel_for(0, workers, 1, [&](int64_t, int64_t) {
    for (size_t i; !until.failed() && (i = next++) < count;) until.run([&] { work(i); });
  });
}

}  // namespace

std::string one_line(const std::string& function, const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return "[" + function + "] LibTorch: " + text.substr(0, text.find('\n'));
}

std::string prompt_text(const std::string& function, const std::optional<std::string>& prompt,
                        const std::optional<std::string>& prompt_name,
                        const std::optional<std::string>& default_name,
                        const std::map<std::string, std::string>& prompts) {
  if (prompt) return *prompt;
  const auto& name = prompt_name ? prompt_name : default_name;
  if (!name) return "";
  const auto found = prompts.find(*name);
  if (found != prompts.end()) return found->second;
  std::string known;
  for (const auto& [key, text] : prompts) known += (known.empty() ? "" : ", ") + key;
  throw std::invalid_argument("[" + function + "] prompt_name is \"" + *name +
                              "\"; known: " + known);
}

void run_passes(size_t count, const Tokenize& tokenize, const PassOptions& options,
                const std::function<void(TokenBatch, const std::vector<Place>&)>& work) {
  if (options.batch_size < 1) {
    throw std::invalid_argument("[" + options.function + "] batch_size is " +
                                std::to_string(options.batch_size) + "; expected at least 1");
  }
  EncodeReport report{.texts = static_cast<int64_t>(count)};
  ProgressBar bar(options.title, report.texts, options.show_progress_bar, options.unit);
  int64_t finished = 0;
  std::mutex mutex;  // of the report and the bar

  for (size_t window = 0; window < count; window += kWindow) {
    const std::vector<Tokens> inputs =
        tokenize_all(window, std::min(kWindow, count - window), tokenize, options);
    for (const Tokens& t : inputs) report.truncated += t.truncated();
    const Sorted sorted = by_falling_length(inputs);
    const std::vector<size_t> same = runs(sorted);
    Sorted texts;  // that differ
    for (size_t i = 0; i + 1 < same.size(); ++i) texts.push_back(sorted[same[i]]);
    const std::vector<size_t> starts = cut(texts, options);
    for_each_pass(starts.size() - 1, options.device, [&](size_t pass) {
      const c10::InferenceMode inference;  // a thread's own
      std::vector<Place> places;
      size_t tokens = 0;
      for (size_t text = starts[pass]; text < starts[pass + 1]; ++text) {
        for (size_t i = same[text]; i < same[text + 1]; ++i) {
          const auto input = window + static_cast<size_t>(sorted[i] - inputs.data());
          places.push_back({text - starts[pass], input});
          tokens += sorted[i]->size();
        }
      }
      with_own_errors(options.function, [&] {
        work(pack(texts, starts[pass], starts[pass + 1], options.device), places);
      });

      const std::lock_guard lock(mutex);
      report.tokens += static_cast<int64_t>(tokens);
      bar.update(finished += static_cast<int64_t>(places.size()));
    });
  }
  if (options.report) *options.report = report;
}

void put_rows(const at::Tensor& rows, const std::vector<Place>& places, at::Tensor& result) {
  const at::Tensor floats = rows.to(at::kCPU, at::kFloat).contiguous();
  const auto* from = floats.const_data_ptr<float>();
  auto* to = result.data_ptr<float>();
  const auto size = static_cast<size_t>(result.size(1));
  for (const auto& [row, input] : places) {
    std::copy(from + row * size, from + (row + 1) * size, to + input * size);
  }
}

SinglePass single_pass(size_t count, const Tokenize& tokenize, const PassOptions& options) {
  if (count == 0) throw std::invalid_argument("[" + options.function + "] expected a text");
  const std::vector<Tokens> inputs = tokenize_all(0, count, tokenize, options);
  const Sorted sorted = by_falling_length(inputs);
  at::Tensor rows = at::empty({static_cast<int64_t>(count)}, at::kLong);
  for (size_t i = 0; i < count; ++i) {
    rows.data_ptr<int64_t>()[sorted[i] - inputs.data()] = static_cast<int64_t>(i);
  }
  return {pack(sorted, 0, count, options.device), rows.to(options.device)};
}

}  // namespace sentence_transformers
