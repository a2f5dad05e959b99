// Datasets in memory.
#include <sentence_transformers/dataset.h>

#include <utility>

namespace sentence_transformers {
namespace {

class ListReader final : public Dataset::Reader {
 public:
  explicit ListReader(std::shared_ptr<const std::vector<Example>> examples)
      : examples_(std::move(examples)) {}
  bool next(Example& example) override {
    if (position_ == examples_->size()) return false;
    example = (*examples_)[position_++];
    return true;
  }

 private:
  std::shared_ptr<const std::vector<Example>> examples_;
  size_t position_ = 0;
};

class ListAccess final : public Dataset::Access {
 public:
  explicit ListAccess(std::shared_ptr<const std::vector<Example>> examples)
      : examples_(std::move(examples)) {}
  int64_t size() const override { return static_cast<int64_t>(examples_->size()); }
  void get(int64_t index, Example& example) override {
    example = examples_->at(static_cast<size_t>(index));
  }

 private:
  std::shared_ptr<const std::vector<Example>> examples_;
};

}  // namespace

ListDataset::ListDataset(std::vector<Example> examples)
    : examples_(std::make_shared<const std::vector<Example>>(std::move(examples))) {}

std::unique_ptr<Dataset::Reader> ListDataset::read() const {
  return std::make_unique<ListReader>(examples_);
}

int64_t ListDataset::size() const { return static_cast<int64_t>(examples_->size()); }

std::unique_ptr<Dataset::Access> ListDataset::access() const {
  return std::make_unique<ListAccess>(examples_);
}

}  // namespace sentence_transformers
