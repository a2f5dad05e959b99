#include "encoders/heads.h"

#include <ATen/ATen.h>

namespace sentence_transformers {
namespace {

class SequenceHead : public ClassificationHead {
 public:
  SequenceHead(const HeadSource& source, HeadConfig config)
      : config_(std::move(config)), dense_(config_.pooler) {
    const int64_t size = source.encoder.hidden_size();
    const auto deviation = source.config.get_below("initializer_range", 0.02, 0, 1e6);
    const auto project = [&](const std::string& name, int64_t out, bool bias) {
      return source.is_new ? add(name, std::make_shared<Projection>(size, out, deviation, bias))
                           : add_projection(name, source.weights, size, out, bias);
    };
    if (!config_.dense.empty()) dense_ = project(config_.dense, size, config_.dense_bias);
    if (!config_.norm.empty()) {
      norm_ = source.is_new ? add(config_.norm, std::make_shared<Norm>(size, config_.norm_config))
                            : add_norm(config_.norm, source.weights, size, config_.norm_config);
    }
    classifier_ = project(config_.classifier, source.num_labels, config_.classifier_bias);
    dropout_ = add_dropout("head_dropout", config_.dropout);
  }

  at::Tensor forward(const at::Tensor& hidden_states, const TokenBatch& batch) const override {
    at::Tensor x = pool(hidden_states, batch);  // [N, D]
    if (config_.drop_pooled) x = dropout_->forward(x);
    if (dense_) x = activate(dense_->forward(x), config_.activation);
    if (norm_) x = norm_->forward(x);
    return classifier_->forward(dropout_->forward(x));
  }
  int64_t num_labels() const override { return classifier_->weight.size(0); }

 private:
  at::Tensor pool(const at::Tensor& x, const TokenBatch& batch) const {
    switch (config_.pooling) {
      case HeadConfig::Pooling::first:
        return first_tokens(x, batch);
      case HeadConfig::Pooling::last:
        return last_tokens(x, batch, config_.padding_id);
      case HeadConfig::Pooling::mean:
        return mean_tokens(x, batch);
    }
    return x;
  }

  HeadConfig config_;
  std::shared_ptr<Projection> dense_, classifier_;
  std::shared_ptr<Norm> norm_;
  std::shared_ptr<Dropout> dropout_;
};

}  // namespace

std::shared_ptr<ClassificationHead> make_head(const HeadSource& source, HeadConfig config) {
  return std::make_shared<SequenceHead>(source, std::move(config));
}

}  // namespace sentence_transformers
