// Tokenizing on one core, in bytes a second.
#include <benchmark/benchmark.h>

#include "support.h"

namespace {

const bench::st::Tokenizer& tokenizer() {
  static const bench::st::SentenceTransformer model = bench::load(bench::model_name(), "float32");
  return model.tokenizer();
}

void run(benchmark::State& state, const std::vector<std::string>& texts) {
  const bench::st::Tokenizer& tokenizer = ::tokenizer();
  int64_t bytes = 0, tokens = 0;
  for (auto _ : state) {
    for (const std::string& text : texts) {
      tokens += static_cast<int64_t>(tokenizer.encode(text).ids.size());
      bytes += static_cast<int64_t>(text.size());
    }
  }
  state.SetBytesProcessed(bytes);
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
}

void english_lines(benchmark::State& state) {
  run(state, bench::texts_of_length(state.range(0), 1000));
}
BENCHMARK(english_lines)->Arg(8)->Arg(32)->Arg(128)->Unit(benchmark::kMillisecond);

// One text of growing length: bytes a second must not fall.
void one_text(benchmark::State& state) { run(state, bench::texts_of_length(state.range(0), 1)); }
BENCHMARK(one_text)->RangeMultiplier(8)->Range(64, 64 << 12)->Unit(benchmark::kMicrosecond);

void one_word(benchmark::State& state) {
  run(state, {std::string(static_cast<size_t>(state.range(0)), 'x')});
}
BENCHMARK(one_word)->RangeMultiplier(8)->Range(64, 1 << 20)->Unit(benchmark::kMicrosecond);

void chinese(benchmark::State& state) {
  std::string text;
  for (int64_t i = 0; i < state.range(0); ++i) text += "\u4eca\u5929\u5929\u6c14\u5f88\u597d";
  run(state, {text});
}
BENCHMARK(chinese)->RangeMultiplier(8)->Range(8, 8 << 12)->Unit(benchmark::kMicrosecond);

}  // namespace
