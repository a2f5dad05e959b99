#include "training/run_files.h"

#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <unistd.h>

#include <algorithm>

#include "core/config.h"
#include "core/files.h"
#include "core/safetensors.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kName = "checkpoint-", kUnfinished = ".unfinished-", kReplaced = ".replaced-";
constexpr const char* kState = "trainer_state.json";
constexpr const char* kTensors = "trainer_state.safetensors";

/// Runs a file operation; its failure names the file.
void attempt(const fs::path& path, const std::function<void(std::error_code&)>& operation) {
  std::error_code error;
  operation(error);
  if (error) throw Error("[Trainer] " + path.string() + ": " + error.message());
}

/// A rename survives a crash once its folder is on the disk.
void flush_folder(const fs::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

fs::path write_checkpoint(const fs::path& parent, int64_t step, const Checkpoint& checkpoint,
                          const std::function<void(const fs::path&)>& save_model) {
  const std::string name = kName + std::to_string(step);
  const fs::path folder = parent / name, unfinished = parent / (kUnfinished + name),
                 replaced = parent / (kReplaced + name);
  std::error_code ignored;
  for (const fs::path& rest : {unfinished, replaced}) fs::remove_all(rest, ignored);
  try {
    attempt(unfinished, [&](auto& error) { fs::create_directories(unfinished, error); });
    save_model(unfinished);
    write_safetensors(unfinished / kTensors,
                      {checkpoint.tensors.begin(), checkpoint.tensors.end()});
    write_json(unfinished / kState, checkpoint.state);
    flush_folder(unfinished);
    if (fs::exists(folder)) attempt(folder, [&](auto& e) { fs::rename(folder, replaced, e); });
    attempt(folder, [&](auto& error) { fs::rename(unfinished, folder, error); });
  } catch (...) {
    fs::remove_all(unfinished, ignored);
    if (!fs::exists(folder)) fs::rename(replaced, folder, ignored);
    throw;
  }
  flush_folder(parent);
  fs::remove_all(replaced, ignored);
  return folder;
}

Checkpoint read_checkpoint(const fs::path& folder) {
  Checkpoint checkpoint{read_json(folder / kState), {}};
  const SafeTensors file = SafeTensors::open(folder / kTensors);
  for (const std::string& name : file.names()) checkpoint.tensors[name] = file.get(name);
  return checkpoint;
}

std::vector<std::pair<int64_t, fs::path>> list_checkpoints(const fs::path& folder) {
  std::vector<std::pair<int64_t, fs::path>> result;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kName) || !fs::exists(entry.path() / kState)) continue;
    const std::string digits = name.substr(kName.size());
    if (digits.empty() || digits.size() > 18 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    result.emplace_back(std::stoll(digits), entry.path());
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    std::error_code none;
    return std::pair(fs::last_write_time(a.second / kState, none), a.first) <
           std::pair(fs::last_write_time(b.second / kState, none), b.first);
  });
  return result;
}

fs::path find_checkpoint(const fs::path& folder) {
  if (fs::exists(folder / kState)) return folder;
  const auto list = list_checkpoints(folder);
  if (list.empty()) {
    throw LoadError("[Trainer::resume] " + folder.string() + ": expected a checkpoint (" + kState +
                    ") or folders " + kName + "N with one, found neither");
  }
  return list.back().second;
}

void read_parameters(const fs::path& folder, const NamedTensors& parameters) {
  const SafeTensors file = SafeTensors::open(folder / "model.safetensors");
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    const at::Tensor saved = file.get(name);
    if (saved.sizes() != parameter.sizes()) {
      throw LoadError("[Trainer] " + file.path().string() + ": tensor \"" + name +
                      "\" does not fit the model's parameter");
    }
    parameter.detach().copy_(saved);
  }
}

void remove_old_checkpoints(const fs::path& parent, int64_t keep,
                            const std::vector<fs::path>& spared) {
  if (keep <= 0) return;
  auto list = list_checkpoints(parent);
  std::error_code none;
  std::erase_if(list, [&](const auto& entry) {
    return std::any_of(spared.begin(), spared.end(),
                       [&](const fs::path& s) { return fs::equivalent(entry.second, s, none); });
  });
  for (size_t i = 0; i + static_cast<size_t>(keep) < list.size(); ++i) {
    fs::remove_all(list[i].second, none);
  }
}

void remove_unfinished(const fs::path& parent) {
  std::error_code none;
  std::vector<fs::path> rest;
  for (const auto& entry : fs::directory_iterator(parent, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kUnfinished + kName) || name.starts_with(kReplaced + kName)) {
      rest.push_back(entry.path());
    }
  }
  for (const fs::path& folder : rest) fs::remove_all(folder, none);
}

}  // namespace sentence_transformers
