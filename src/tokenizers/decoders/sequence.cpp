// Several decoders, one after the other; Fuse: all tokens as one, for what follows it.
#include "tokenizers/decoders/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {
namespace {

class Sequence : public Decoder {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Decoder>> members) : members_(std::move(members)) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (const auto& member : members_) member->decode(tokens);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> members_;
};

class Fuse : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::string text;
    for (const std::string& token : tokens) text += token;
    tokens = {std::move(text)};
  }
};

}  // namespace

std::unique_ptr<Decoder> make_decoder_sequence(const Config& config) {
  std::vector<std::unique_ptr<Decoder>> members;
  for (const Config& member : read_stages(config, "decoders")) {
    members.push_back(make_decoder(member));
  }
  return std::make_unique<Sequence>(std::move(members));
}

std::unique_ptr<Decoder> make_fuse_decoder(const Config&) { return std::make_unique<Fuse>(); }

}  // namespace sentence_transformers
