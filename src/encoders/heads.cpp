#include "encoders/heads.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "encoders/transformer_encoder.h"

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
    pooled_dropout_ = add_dropout("pooled_dropout", config_.pooled_dropout);
  }

  at::Tensor forward(const at::Tensor& hidden_states, const TokenBatch& batch) const override {
    at::Tensor x = pooled_dropout_->forward(pool(hidden_states, batch));  // [N, D], late [T, D]
    if (dense_) x = activate(dense_->forward(x), config_.activation);
    if (norm_) x = norm_->forward(x);
    const at::Tensor logits = classifier_->forward(dropout_->forward(x));
    return config_.pooling == HeadConfig::Pooling::late ? mean_tokens(logits, batch) : logits;
  }
  int64_t num_labels() const override { return classifier_->weight.size(0); }
  bool reads_first_alone() const override { return config_.pooling == HeadConfig::Pooling::first; }

 private:
  at::Tensor pool(const at::Tensor& x, const TokenBatch& batch) const {
    switch (config_.pooling) {
      case HeadConfig::Pooling::first:
        return first_tokens(x, batch.groups);
      case HeadConfig::Pooling::last:
        return last_tokens(x, batch, config_.padding_id);
      case HeadConfig::Pooling::mean:
        return mean_tokens(x, batch);
      case HeadConfig::Pooling::late:
        break;
    }
    return x;
  }

  HeadConfig config_;
  std::shared_ptr<Projection> dense_, classifier_;
  std::shared_ptr<Norm> norm_;
  std::shared_ptr<Dropout> dropout_, pooled_dropout_;
};

}  // namespace

std::shared_ptr<ClassificationHead> make_head(const HeadSource& source, HeadConfig config) {
  return std::make_shared<SequenceHead>(source, std::move(config));
}

std::shared_ptr<ClassificationHead> make_pooler_head(const HeadSource& source, double dropout) {
  auto& encoder = dynamic_cast<TransformerEncoder&>(source.encoder);
  if (!source.is_new && !encoder.pooler()) {
    throw LoadError("[CrossEncoder] " + source.weights.file().string() +
                    " has a classifier and no pooler before it; expected both");
  }
  const auto deviation = source.config.get_below("initializer_range", 0.02, 0, 1e6);
  return make_head(source, {.dropout = dropout, .pooler = encoder.pooler(deviation)});
}

std::shared_ptr<ClassificationHead> make_dense_head(const HeadSource& source, Activation activation,
                                                    double dropout) {
  return make_head(source, {.dropout = dropout,
                            .pooled_dropout = dropout,
                            .dense = "classifier.dense",
                            .activation = activation,
                            .classifier = "classifier.out_proj"});
}

double read_head_dropout(const Config& config, double fallback) {
  return config.get_below("classifier_dropout", config.get<double>("hidden_dropout_prob", fallback),
                          0, 1);
}

}  // namespace sentence_transformers
