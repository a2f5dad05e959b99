// Stored embeddings with their sentences, as files or headers alone: read, written, read again.
#include <sentence_transformers/storage.h>

#include "fuzz.h"
#include "tensor_files.h"

namespace sentence_transformers {

FUZZ_TARGET(store) {
  static const fuzz::Folder folder;
  const auto path = folder.write("in.safetensors", fuzz::safetensors_file(input));
  StoredEmbeddings stored;
  if (!fuzz::accepted([&] { stored = load_embeddings(path); })) return;
  const auto written = folder.path() / "out.safetensors";
  save_embeddings(written, stored.sentences, stored.embeddings);
  const StoredEmbeddings again = load_embeddings(written);
  fuzz::require(again.sentences == stored.sentences, "sentences are kept");
  fuzz::require(fuzz::same(again.embeddings, stored.embeddings), "embeddings are kept");
}

}  // namespace sentence_transformers
