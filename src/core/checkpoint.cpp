#include "core/checkpoint.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "core/config.h"
#include "core/files.h"
#include "core/quoted.h"
#include "core/safetensors.h"
#include "core/shapes.h"
#include "core/torch_file.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using Files = CheckpointFiles;

template <class Format>
std::shared_ptr<const CheckpointFile> open(const fs::path& path) {
  return std::make_shared<Format>(Format::open(path));
}

/// The files that an index lists, which lie beside it.
std::set<std::string> parts(const fs::path& index, const std::string& function) {
  const Config map = Config::read(index).at("weight_map");
  std::set<std::string> names;
  for (const auto& [tensor, file] : map.json().items()) {
    const auto name = map.require<std::string>(tensor);
    if (fs::path(name).filename() != name) {
      throw LoadError("[" + function + "] " + map.name(tensor) +
                      ": expected a file beside it, found " + in_quotes(name));
    }
    names.insert(name);
  }
  return names;
}

/// One file, or those of its index; none if neither is there.
template <class Format>
Files find_files(const fs::path& single, const std::string& function) {
  if (file_exists(single)) return {open<Format>(single)};
  const fs::path index = single.string() + ".index.json";
  Files files;
  if (file_exists(index)) {
    for (const std::string& name : parts(index, function)) {
      files.push_back(open<Format>(single.parent_path() / name));
    }
  }
  return files;
}

}  // namespace

CheckpointFiles open_checkpoint(const fs::path& folder, const std::string& function) {
  Files files = find_files<SafeTensors>(folder / "model.safetensors", function);
  if (files.empty()) files = find_files<TorchFile>(folder / "pytorch_model.bin", function);
  if (files.empty()) {
    throw LoadError("[" + function + "] " + (folder / "model.safetensors").string() +
                    " is missing, and so is pytorch_model.bin");
  }
  return files;
}

Weights open_weights(const fs::path& folder, const std::string& function) {
  return Weights(open_checkpoint(folder, function));
}

at::Tensor find_tensor(const CheckpointFiles& files, const std::string& name) {
  for (const auto& file : files) {
    const std::vector<std::string> names = file->names();
    if (std::find(names.begin(), names.end(), name) != names.end()) return file->get(name);
  }
  return {};
}

std::vector<int64_t> table_shape(const CheckpointFiles& files, const std::string& name,
                                 const std::string& function) {
  const at::Tensor table = find_tensor(files, name);
  const std::string start =
      "[" + function + "] " + files.front()->path().string() + ": tensor " + in_quotes(name);
  if (!table.defined()) throw LoadError(start + " is missing");
  if (table.dim() != 2 || table.numel() == 0) {
    throw LoadError(start + ": expected a table, found shape " + shape_text(table.sizes()));
  }
  return table.sizes().vec();
}

}  // namespace sentence_transformers
