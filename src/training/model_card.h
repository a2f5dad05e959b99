// README.md of a trained model: what it was made from, how, and how good it is.
#pragma once

#include <filesystem>

#include "training/trainer_internals.h"

namespace sentence_transformers {

enum class ModelKind { sentence_transformer, cross_encoder, sparse_encoder, multi_vector_encoder };

void write_model_card(const std::filesystem::path& folder, const TrainerInternals& trainer,
                      ModelKind kind);

}  // namespace sentence_transformers
