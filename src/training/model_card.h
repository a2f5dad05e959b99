// README.md of a trained model: what it was made from, how, and how good it is.
#pragma once

#include <filesystem>

#include "training/trainer_internals.h"

namespace sentence_transformers {

void write_model_card(const std::filesystem::path& folder, const TrainerInternals& trainer,
                      bool is_cross_encoder);

}  // namespace sentence_transformers
