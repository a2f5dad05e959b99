// A cross-encoder's folder: a transformer with a head, an activation, prompts.
#pragma once

#include <sentence_transformers/cross_encoder.h>

#include <filesystem>

#include "model/model_files.h"
#include "modules/transformer.h"

namespace sentence_transformers {

struct CrossEncoderParts : ModelFolder {
  std::shared_ptr<Transformer> transformer;  // the first module
  ScoreActivation activation = ScoreActivation::identity;
};

/// Reads a folder that a CrossEncoder was saved to, or a bare checkpoint, whose modules.json of
/// another kind does not count, as in Python. Throws as CrossEncoder's constructor.
CrossEncoderParts read_cross_encoder(const std::filesystem::path& folder,
                                     const CrossEncoderOptions& options);

/// Writes what read_cross_encoder reads, for this library and for Python. Throws Error where the
/// disk refuses.
void write_cross_encoder(const CrossEncoderParts& parts, const std::filesystem::path& folder);

}  // namespace sentence_transformers
