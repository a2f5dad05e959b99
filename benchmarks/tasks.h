// What measure.cpp can do; each prints lines of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Settings {
  std::string model, mode, task, out;
  std::vector<std::string> files;
  double clock = 0;  // the parent's, when it started this process
  int64_t passes = 5, runs = 1000, queries = 1000, corpus = 1000000, max_seq_length = 0;
  int64_t limit = 0;  // texts of a file; 0 is all
};

void throughput(const Settings& s);   // texts a second of each file
void latency(const Settings& s);      // one sentence of 8 tokens at a time
void startup(const Settings& s);      // process start to first embedding
void peak_memory(const Settings& s);  // of one file, and after 20 shuffled passes
void growth(const Settings& s);       // time and memory of 1,000 to 100,000 texts
void tokenize(const Settings& s);     // one core
void search(const Settings& s);       // util::semantic_search
void make_cross(const Settings& s);   // a cross-encoder of the model with a new head of one label
void predict(const Settings& s);      // pairs a second of a cross-encoder
void train(const Settings& s);        // steps a second on the STS benchmark
void peak(const Settings& s);         // matrix products at their best, and the packed linear layers

}  // namespace bench
