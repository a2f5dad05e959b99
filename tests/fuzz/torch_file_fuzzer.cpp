// Any bytes as a pytorch_model.bin: read or refused, never anything else. libFuzzer comes with
// clang alone, so scripts/fuzz.sh builds and runs this.
#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "core/torch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sentence_transformers;
  static const int file = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    return 0;
  }
  try {
    const TorchFile checkpoint = TorchFile::open(path);
    for (const std::string& name : checkpoint.names()) {
      const at::Tensor tensor = checkpoint.get(name);
      // Every byte is read once.
      volatile char sum = 0;
      const auto* bytes = static_cast<const char*>(tensor.const_data_ptr());
      for (size_t i = 0; i < tensor.nbytes(); ++i) sum = static_cast<char>(sum + bytes[i]);
      checkpoint.release(name);
    }
  } catch (const LoadError&) {
  } catch (const UnsupportedError&) {
  }
  return 0;
}
