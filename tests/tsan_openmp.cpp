// What the thread sanitizer must know of GCC's OpenMP, which is not built with it: what happens
// before a parallel region is seen by its threads, and what they do is seen behind it. Only in
// builds with that sanitizer. Without this each at::parallel_for would be reported, and a race in
// its body could not be told from that.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdlib>

namespace {

struct Region {
  void (*body)(void*);
  void* data;
};

void run_body(void* argument) {
  auto* region = static_cast<Region*>(argument);
  __tsan_acquire(region);
  region->body(region->data);
  __tsan_release(region);
}

}  // namespace

/// In place of libgomp's function of this name, which it calls.
extern "C" void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags) {
  using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
  static const auto libgomps = reinterpret_cast<Parallel>(dlsym(RTLD_NEXT, "GOMP_parallel"));
  if (!libgomps) std::abort();
  Region region{body, data};
  __tsan_release(&region);
  libgomps(run_body, &region, threads, flags);
  __tsan_acquire(&region);
}
