// Any bytes as a pytorch_model.bin: read to the last byte of each tensor, or refused.
#include "core/torch_file.h"

#include "fuzz.h"

namespace sentence_transformers {

FUZZ_TARGET(torch_file) {
  static const fuzz::Folder folder;
  const auto path = folder.write("in.bin", input);
  fuzz::accepted([&] {
    const TorchFile checkpoint = TorchFile::open(path);
    for (const std::string& name : checkpoint.names()) {
      const at::Tensor tensor = checkpoint.get(name);
      volatile char sum = 0;
      const auto* bytes = static_cast<const char*>(tensor.const_data_ptr());
      for (size_t i = 0; i < tensor.nbytes(); ++i) sum = static_cast<char>(sum + bytes[i]);
      checkpoint.release(name);
    }
  });
}

}  // namespace sentence_transformers
