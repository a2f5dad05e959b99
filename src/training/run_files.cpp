#include "training/run_files.h"

#include <ATen/core/grad_mode.h>
#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "core/config.h"
#include "core/files.h"
#include "core/safetensors.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

// A folder under kUnfinished or kRemoved may be a part of one; under kReplaced it is whole.
const std::string kName = "checkpoint-", kUnfinished = ".unfinished-", kReplaced = ".replaced-",
                  kRemoved = ".removed-";
constexpr const char* kState = "trainer_state.json";
constexpr const char* kTensors = "trainer_state.safetensors";

bool is_there(const fs::path& path) {
  std::error_code none;
  return fs::exists(path, none);
}

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

/// First under another name, so that no part of it is ever taken for a checkpoint.
void remove_whole(const fs::path& folder) {
  std::string name = folder.filename().string();
  if (name.starts_with(kReplaced)) name = name.substr(kReplaced.size());
  const fs::path removed = folder.parent_path() / (kRemoved + name);
  std::error_code none;
  fs::remove_all(removed, none);
  fs::rename(folder, removed, none);
  fs::remove_all(removed, none);
}

}  // namespace

fs::path write_checkpoint(const fs::path& parent, int64_t step, const Checkpoint& checkpoint,
                          const std::function<void(const fs::path&)>& save_model) {
  const std::string name = kName + std::to_string(step);
  const fs::path folder = parent / name, unfinished = parent / (kUnfinished + name),
                 replaced = parent / (kReplaced + name);
  recover_checkpoints(parent);
  if (is_there(replaced)) remove_whole(replaced);
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  try {
    attempt(unfinished, [&](auto& error) { fs::create_directories(unfinished, error); });
    save_model(unfinished);
    write_safetensors(unfinished / kTensors,
                      {checkpoint.tensors.begin(), checkpoint.tensors.end()});
    write_json(unfinished / kState, checkpoint.state);
    flush_folder(unfinished);
    if (is_there(folder)) attempt(folder, [&](auto& e) { fs::rename(folder, replaced, e); });
    attempt(folder, [&](auto& error) { fs::rename(unfinished, folder, error); });
  } catch (...) {
    fs::remove_all(unfinished, ignored);
    if (!is_there(folder)) fs::rename(replaced, folder, ignored);
    throw;
  }
  flush_folder(parent);
  if (is_there(replaced)) remove_whole(replaced);
  return folder;
}

Checkpoint read_checkpoint(const fs::path& folder) {
  Checkpoint checkpoint{read_json(folder / kState), {}};
  const SafeTensors file = SafeTensors::open(folder / kTensors);
  for (const std::string& name : file.names()) checkpoint.tensors[name] = file.get(name);
  return checkpoint;
}

std::optional<int64_t> checkpoint_step(const std::string& name) {
  constexpr size_t kMostDigits = 18;
  if (!name.starts_with(kName)) return {};
  const std::string digits = name.substr(kName.size());
  if (digits.empty() || digits.size() > kMostDigits ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return {};
  }
  return std::stoll(digits);
}

std::vector<std::pair<int64_t, fs::path>> list_checkpoints(const fs::path& folder) {
  std::vector<std::pair<int64_t, fs::path>> result;
  std::error_code error;
  for (const fs::path& path : folder_entries(folder, error)) {
    const auto step = checkpoint_step(path.filename().string());
    if (step && is_there(path / kState)) result.emplace_back(*step, path);
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    std::error_code none;
    return std::pair(fs::last_write_time(a.second / kState, none), a.first) <
           std::pair(fs::last_write_time(b.second / kState, none), b.first);
  });
  return result;
}

fs::path find_checkpoint(const fs::path& folder) {
  std::error_code error;
  if (is_there(folder / kState)) return folder;
  recover_checkpoints(fs::absolute(folder / "", error).parent_path().parent_path());
  if (is_there(folder / kState)) return folder;
  recover_checkpoints(folder);
  const auto list = list_checkpoints(folder);
  if (list.empty()) {
    throw LoadError("[Trainer::resume] " + folder.string() + ": expected a checkpoint (" + kState +
                    ") or folders " + kName + "N with one, found neither");
  }
  return list.back().second;
}

void copy_parameters(const NamedTensors& saved, const NamedTensors& parameters,
                     const fs::path& folder) {
  const std::map<std::string, at::Tensor> by_name(saved.begin(), saved.end());
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    const auto found = by_name.find(name);
    if (found == by_name.end() || found->second.sizes() != parameter.sizes()) {
      throw LoadError("[Trainer] " + folder.string() + ": tensor \"" + name +
                      "\" does not fit the model's parameter");
    }
    parameter.detach().copy_(found->second);
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
    remove_whole(list[i].second);
  }
}

void recover_checkpoints(const fs::path& parent) {
  std::error_code none;
  std::vector<std::string> names;
  for (const fs::path& path : folder_entries(parent, none)) {
    const std::string name = path.filename().string();
    if (name.starts_with(kReplaced + kName)) names.push_back(name.substr(kReplaced.size()));
  }
  for (const std::string& name : names) {
    if (is_there(parent / name)) continue;
    fs::rename(parent / (kReplaced + name), parent / name, none);
  }
}

void remove_unfinished(const fs::path& parent) {
  recover_checkpoints(parent);
  std::error_code none;
  std::vector<fs::path> rest, replaced;
  for (const fs::path& path : folder_entries(parent, none)) {
    const std::string name = path.filename().string();
    if (name.starts_with(kReplaced + kName)) replaced.push_back(path);
    if (name.starts_with(kUnfinished + kName) || name.starts_with(kRemoved + kName)) {
      rest.push_back(path);
    }
  }
  for (const fs::path& folder : rest) fs::remove_all(folder, none);
  for (const fs::path& folder : replaced) remove_whole(folder);
}

}  // namespace sentence_transformers
