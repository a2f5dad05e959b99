// Safetensors files, or their headers alone: what is read is written and read again.
#include "core/safetensors.h"

#include "fuzz.h"
#include "tensor_files.h"

namespace sentence_transformers {

FUZZ_TARGET(safetensors) {
  static const fuzz::Folder folder;
  const auto path = folder.write("in.safetensors", fuzz::safetensors_file(input));
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::map<std::string, std::string> metadata;
  const bool opened = fuzz::accepted([&] {
    const SafeTensors file = SafeTensors::open(path);
    metadata = file.metadata();
    for (const std::string& name : file.names()) tensors.emplace_back(name, file.get(name));
  });
  if (!opened) return;
  write_safetensors(folder.path() / "out.safetensors", tensors, metadata);
  const SafeTensors again = SafeTensors::open(folder.path() / "out.safetensors");
  fuzz::require(again.metadata() == metadata, "metadata is kept");
  fuzz::require(again.names().size() == tensors.size(), "all tensors are written");
  for (const auto& [name, tensor] : tensors) {
    fuzz::require(fuzz::same(again.get(name), tensor), "tensors are kept");
  }
}

}  // namespace sentence_transformers
