// Folders checkpoint-N: a model that can be used as it is, and what a run needs to go on from it.
#pragma once

#include <sentence_transformers/trainer.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sentence_transformers {

struct Checkpoint {
  nlohmann::json state;                       // trainer_state.json
  std::map<std::string, at::Tensor> tensors;  // trainer_state.safetensors
};

/// Writes `parent`/checkpoint-N as a whole or not at all, replacing one of this name: `save_model`
/// fills a folder with the model. Throws Error where the disk refuses; older checkpoints stay. A
/// crash while one is replaced leaves the old or the new one, if not under its name, then where
/// recover_checkpoints() finds it.
std::filesystem::path write_checkpoint(
    const std::filesystem::path& parent, int64_t step, const Checkpoint& checkpoint,
    const std::function<void(const std::filesystem::path&)>& save_model);

/// Throws LoadError if it is none.
Checkpoint read_checkpoint(const std::filesystem::path& folder);

/// The folder itself if it is a checkpoint, else the newest one in it, after recovering what a
/// crash left. Throws LoadError if there is none.
std::filesystem::path find_checkpoint(const std::filesystem::path& folder);

/// The checkpoints in a folder and their steps, in the order in which they were written.
std::vector<std::pair<int64_t, std::filesystem::path>> list_checkpoints(
    const std::filesystem::path& folder);

/// Copies what a checkpoint has `saved` into parameters of the same names. Throws LoadError naming
/// folder and parameter where they do not fit.
void copy_parameters(const NamedTensors& saved, const NamedTensors& parameters,
                     const std::filesystem::path& folder);

/// The N of a name checkpoint-N.
std::optional<int64_t> checkpoint_step(const std::string& name);

/// Removes all but the newest `keep` checkpoints (0 keeps all) and `spared` folders. A crash leaves
/// each as a whole, or under a name that remove_unfinished() knows.
void remove_old_checkpoints(const std::filesystem::path& parent, int64_t keep,
                            const std::vector<std::filesystem::path>& spared);

/// Gives checkpoints that a crash left moved aside their names back.
void recover_checkpoints(const std::filesystem::path& parent);

/// Recovers them, and removes what else a process left there that was killed while it wrote or
/// removed a checkpoint.
void remove_unfinished(const std::filesystem::path& parent);

}  // namespace sentence_transformers
