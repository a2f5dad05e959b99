#include "core/make_folder.h"

#include <sentence_transformers/error.h>

namespace sentence_transformers {

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error("[save_pretrained] " + folder.string() + ": " + error.message());
}

}  // namespace sentence_transformers
