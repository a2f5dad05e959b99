// Which batches and options each loss refuses, and what it says.
#include <sentence_transformers/losses.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support.h"
#include "training/golden_losses.h"

namespace sentence_transformers {
namespace {

using test::golden;
using test::labelled;

TEST(LossErrors, RefuseOtherNumbersOfTexts) {
  const auto compute = [](EmbeddingLoss& loss, size_t columns) {
    const std::vector<at::Tensor> embeddings(columns, at::ones({2, 4}));
    loss.compute(embeddings, labelled({{1.0}, {0.0}}, 2));
  };
  CosineSimilarityLoss cosine;
  EXPECT_THROWS(std::invalid_argument, compute(cosine, 3),
                "[CosineSimilarityLoss] expected 2 texts an example, found 3");
  AnglELoss angle;
  EXPECT_THROWS(std::invalid_argument, compute(angle, 1),
                "[AnglELoss] expected at least 2 texts an example, found 1");
  CoSENTLoss cosent;
  ContrastiveLoss contrastive;
  OnlineContrastiveLoss online;
  SoftmaxLoss softmax(4);
  TripletLoss triplet;
  MarginMSELoss margin;
  MultipleNegativesRankingLoss ranking;
  for (EmbeddingLoss* loss : std::vector<EmbeddingLoss*>{&cosent, &contrastive, &online, &softmax,
                                                         &triplet, &margin, &ranking}) {
    EXPECT_THROWS(std::invalid_argument, compute(*loss, 1), "[" + loss->name() + "] expected ",
                  "found 1");
  }
  BatchHardTripletLoss hard;
  EXPECT_THROWS(std::invalid_argument, compute(hard, 2),
                "[BatchHardTripletLoss] expected 1 text an example, found 2");
  MSELoss mse;
  EXPECT_THROWS(std::invalid_argument, compute(mse, 0), "[MSELoss] expected at least 1");
  GISTEmbedLoss gist(std::make_shared<SentenceTransformer>(golden("tiny_bert").string()));
  EXPECT_THROWS(std::invalid_argument, compute(gist, 4),
                "[GISTEmbedLoss] expected 2 to 3 texts an example, found 4");
}

TEST(LossErrors, RefuseOtherLabels) {
  const std::vector<at::Tensor> pair(2, at::ones({2, 4})), triple(3, at::ones({2, 4}));
  CosineSimilarityLoss cosine;
  EXPECT_THROWS(std::invalid_argument, cosine.compute(pair, labelled(nullptr, 2)),
                "[CosineSimilarityLoss] expected labels, found none");
  EXPECT_THROWS(std::invalid_argument, cosine.compute(pair, labelled({{1, 2}, {3, 4}}, 2)),
                "[CosineSimilarityLoss] expected 1 label an example, found 2");
  EXPECT_THROWS(std::invalid_argument, cosine.compute(pair, labelled({{1}, {3, 4}}, 2)),
                "example 1 has 2, the first has 1");
  EXPECT_THROWS(std::invalid_argument, cosine.compute(pair, labelled({{1}}, 1)),
                "an example for each of 2 embeddings, found 1");
  SoftmaxLoss softmax(4);
  EXPECT_THROWS(std::invalid_argument, softmax.compute(pair, labelled({{1}, {3}}, 2)),
                "[SoftmaxLoss] label 3 of example 1: expected a whole number from 0 to 2");
  EXPECT_THROWS(std::invalid_argument, softmax.compute(pair, labelled({{0.5}, {1}}, 2)),
                "label 0.5 of example 0");
  EXPECT_THROWS(std::invalid_argument, softmax.compute(pair, labelled({{-1}, {1}}, 2)),
                "label -1 of example 0");
  EXPECT_THROWS(std::invalid_argument, softmax.compute(pair, labelled({{1, 2}, {1, 2}}, 2)),
                "or 3 probabilities, found 2");
  MarginMSELoss margin;
  EXPECT_THROWS(
      std::invalid_argument, margin.compute(triple, labelled({{1, 2, 3}, {1, 2, 3}}, 2)),
      "[MarginMSELoss] expected the margins of 1 negatives as labels, or 2 scores, found 3");
  MSELoss mse;
  EXPECT_THROWS(std::invalid_argument, mse.compute(pair, labelled({{1, 2}, {1, 2}}, 2)),
                "[MSELoss] expected a teacher's embedding of 4 numbers", "found 2");
}

TEST(LossErrors, RefuseOtherOptions) {
  EXPECT_THROWS(std::invalid_argument, MultipleNegativesRankingLoss({.scale = 0}),
                "positive scale");
  EXPECT_THROWS(std::invalid_argument, MultipleNegativesRankingLoss({.hardness_strength = -1}),
                "hardness_strength");
  EXPECT_THROWS(std::invalid_argument,
                MultipleNegativesRankingLoss({.symmetric = true, .doc_to_doc = true}), "symmetric");
  EXPECT_THROWS(std::invalid_argument, CachedMultipleNegativesRankingLoss({}, 0),
                "mini_batch_size of at least 1, found 0");
  EXPECT_THROWS(
      std::invalid_argument,
      SoftmaxLoss(4, {.concatenation_sent_rep = false, .concatenation_sent_difference = false}),
      "[SoftmaxLoss] expected at least one of");
  EXPECT_THROWS(std::invalid_argument, SoftmaxLoss(0), "embedding_dimension");
  EXPECT_THROWS(std::invalid_argument, SoftmaxLoss(4, {.num_labels = 0}), "4 and 0");
  EXPECT_THROWS(std::invalid_argument, SoftmaxLoss(4).logits(at::ones({1, 3}), at::ones({1, 3})),
                "expected 12 numbers of a pair, found 9");
  EXPECT_THROWS(std::invalid_argument, BatchHardTripletLoss(DistanceMetric::manhattan),
                "[BatchHardTripletLoss] expected distance cosine or euclidean");
  EXPECT_THROWS(std::invalid_argument, GISTEmbedLoss(nullptr), "expected a guide");
  const auto model = std::make_shared<SentenceTransformer>(golden("tiny_bert").string());
  EXPECT_THROWS(std::invalid_argument, GISTEmbedLoss(model, {.temperature = 0}), "temperature");

  const auto cosine = std::make_shared<CosineSimilarityLoss>();
  EXPECT_THROWS(std::invalid_argument, MatryoshkaLoss(nullptr, {4}),
                "[MatryoshkaLoss] expected a loss");
  EXPECT_THROWS(std::invalid_argument, MatryoshkaLoss(cosine, {}), "at least one");
  EXPECT_THROWS(std::invalid_argument, MatryoshkaLoss(cosine, {4, 0}), "at least 1, found 0");
  EXPECT_THROWS(std::invalid_argument, MatryoshkaLoss(cosine, {4, 2}, {1.0}),
                "weight for each of 2");
  MatryoshkaLoss beyond(cosine, {8, 4});
  EXPECT_THROWS(std::invalid_argument,
                beyond.compute({at::ones({1, 6}), at::ones({1, 6})}, labelled({{1}}, 1)),
                "up to the embedding's 6, found 8");
  EXPECT_THROWS(std::invalid_argument, AdaptiveLayerLoss(nullptr), "expected a loss");
  EXPECT_THROWS(std::invalid_argument,
                AdaptiveLayerLoss(std::make_shared<CachedMultipleNegativesRankingLoss>()),
                "found a CachedMultipleNegativesRankingLoss in mini-batches");
}

TEST(LossErrors, RefuseWhatIsNoEnumerator) {
  const auto distance = static_cast<DistanceMetric>(9);
  const std::vector<at::Tensor> triple(3, at::ones({1, 4}));
  ContrastiveLoss contrastive(distance);
  EXPECT_THROWS(std::invalid_argument,
                contrastive.compute({triple[0], triple[1]}, labelled({{1}}, 1)), "no distance");
  TripletLoss triplet(distance);
  EXPECT_THROWS(std::invalid_argument, triplet.compute(triple, {}), "no distance");
  BatchTripletLoss batch(static_cast<BatchTriplets>(9));
  EXPECT_THROWS(std::invalid_argument, batch.compute({triple[0]}, labelled({{1}}, 1)),
                "no kind of triplets");
}

}  // namespace
}  // namespace sentence_transformers
