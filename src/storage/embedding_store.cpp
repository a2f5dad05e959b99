// Sentences with embeddings as checksummed safetensors.
#include <ATen/ATen.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/storage.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/json.h"
#include "core/quoted.h"
#include "core/safetensors.h"
#include "core/shapes.h"
#include "core/xxh64.h"

namespace sentence_transformers {
namespace {

// What starts a checksum's text. It tells a file with a damaged "checksum" key from one that never
// had it.
constexpr std::string_view kChecksumMark = "xxh64:";

/// A JSON text longer than this goes into a tensor: written into the header it may double, and the
/// header is limited to 100 MB.
constexpr size_t kMaxSentencesInHeader = 48'000'000;

/// Of the texts as they stand in the file, and of the embeddings with their type and shape.
std::string checksum(std::string_view sentences, const at::Tensor& embeddings) {
  const std::string kind = c10::toString(embeddings.scalar_type()) + shape_text(embeddings.sizes());
  uint64_t hash = xxh64(sentences.data(), sentences.size());
  hash = xxh64(kind.data(), kind.size(), hash);
  hash = xxh64(embeddings.const_data_ptr(), embeddings.nbytes(), hash);
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return std::string(kChecksumMark) + text;
}

/// ["a","b"]
std::string to_json(const std::vector<std::string>& sentences) {
  std::string text = "[";
  for (size_t i = 0; i < sentences.size(); ++i) {
    if (i > 0) text += ',';
    try {
      text += nlohmann::json(sentences[i]).dump();
    } catch (const nlohmann::json::exception&) {
      throw std::invalid_argument("[save_embeddings] sentence " + std::to_string(i) +
                                  " is no valid UTF-8");
    }
  }
  return text + "]";
}

// .npy: a magic text, a version, the length of a header that is a Python dict, the header, the data
// (NumPy's lib/format.py).

}  // namespace

void save_embeddings(const std::filesystem::path& path, const std::vector<std::string>& sentences,
                     const at::Tensor& embeddings) {
  if (!embeddings.defined() || embeddings.dim() != 2 ||
      embeddings.size(0) != static_cast<int64_t>(sentences.size())) {
    throw std::invalid_argument("[save_embeddings] expected embeddings [" +
                                std::to_string(sentences.size()) + ", D], found " +
                                (embeddings.defined() ? shape_text(embeddings.sizes()) : "none"));
  }
  std::string json = to_json(sentences);
  const at::Tensor plain = embeddings.detach().to(at::kCPU).contiguous();
  std::vector<std::pair<std::string, at::Tensor>> tensors = {{"embeddings", plain}};
  std::map<std::string, std::string> metadata = {{"checksum", checksum(json, plain)}};
  if (json.size() <= kMaxSentencesInHeader) {
    metadata["sentences"] = std::move(json);
  } else {
    tensors.emplace_back("sentences", at::from_blob(json.data(), static_cast<int64_t>(json.size()),
                                                    at::TensorOptions().dtype(at::kByte)));
  }
  write_safetensors(path, tensors, metadata);
}

StoredEmbeddings load_embeddings(const std::filesystem::path& path) {
  const SafeTensors file = SafeTensors::open(path);
  const auto damaged = [&](const std::string& text) {
    return LoadError("[load_embeddings] " + path.string() + ": " + text);
  };
  StoredEmbeddings stored;
  stored.embeddings = file.get("embeddings");

  const auto& metadata = file.metadata();
  const auto in_header = metadata.find("sentences");
  at::Tensor in_tensor;
  std::string_view json;
  if (in_header != metadata.end()) {
    json = in_header->second;
  } else if (file.contains("sentences")) {
    in_tensor = file.get("sentences");
    if (in_tensor.scalar_type() != at::kByte) throw damaged("\"sentences\" is no text");
    json = {static_cast<const char*>(in_tensor.const_data_ptr()), in_tensor.nbytes()};
  } else {
    throw damaged("there are no \"sentences\", neither in the metadata nor as a tensor");
  }

  const auto expected = metadata.find("checksum");
  if (expected != metadata.end()) {
    if (expected->second != checksum(json, stored.embeddings)) {
      throw damaged("the checksum does not fit: the file is damaged");
    }
  } else {
    // Written by other software, unless only the key is damaged.
    for (const auto& [key, value] : metadata) {
      if (value.starts_with(kChecksumMark))
        throw damaged("the key " + in_quotes(key) + " is damaged");
    }
  }

  const std::string no_texts = "\"sentences\" is no JSON array of texts";
  nlohmann::json sentences = parse_json(
      json, "[load_embeddings] " + path.string() + ": " + no_texts + ": it ", {.deepest = 1});
  const auto is_text = [](const nlohmann::json& value) { return value.is_string(); };
  if (!sentences.is_array() || !std::all_of(sentences.begin(), sentences.end(), is_text)) {
    throw damaged(no_texts);
  }
  for (nlohmann::json& sentence : sentences) {
    stored.sentences.push_back(std::move(sentence.get_ref<std::string&>()));
  }
  if (stored.embeddings.dim() != 2 ||
      stored.embeddings.size(0) != static_cast<int64_t>(stored.sentences.size())) {
    throw damaged("expected embeddings [" + std::to_string(stored.sentences.size()) +
                  ", D] for as many sentences, found " + shape_text(stored.embeddings.sizes()));
  }
  return stored;
}

}  // namespace sentence_transformers
