// util::semantic_search over vectors of 384 dimensions, on all threads.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "support.h"

namespace {

void semantic_search(benchmark::State& state) {
  const c10::InferenceMode inference;
  namespace util = bench::st::util;
  const at::Tensor queries = util::normalize_embeddings(at::randn({state.range(0), 384}));
  const at::Tensor corpus = util::normalize_embeddings(at::randn({state.range(1), 384}));
  for (auto _ : state) benchmark::DoNotOptimize(util::semantic_search(queries, corpus));
  state.counters["pairs/s"] =
      benchmark::Counter(static_cast<double>(state.range(0) * state.range(1) * state.iterations()),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(semantic_search)
    ->ArgsProduct({{1, 100, 1000}, {100000, 1000000}})
    ->ArgNames({"queries", "corpus"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
