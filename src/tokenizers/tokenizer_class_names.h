// Which class of transformers 5.23 tokenizes a folder's texts, by the names in its files.
#pragma once

#include <string>

#include "tokenizers/tokenizer_folder.h"

namespace sentence_transformers {

struct ClassName {
  std::string name;       // "" where tokenizer.json counts as it stands
  std::string said_by;    // file and key, for error texts
  bool is_other = false;  // a class that builds its own stages, in a way that is not here
};

/// As AutoTokenizer chooses: tokenizer_config.json, else config.json name the class, but for some
/// model types; without a name the model type decides.
ClassName choose_class_name(const TokenizerFolder& folder);

}  // namespace sentence_transformers
