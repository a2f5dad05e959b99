// Measures the library for compare.py: `measure MODEL MODE FILE...` and one task at a time.
#include <cstdio>
#include <exception>
#include <map>

#include "support.h"
#include "tasks.h"

namespace {

constexpr const char* kHelp = R"(Usage: measure MODEL MODE [TASK] [FILE...] [options]
       measure --peak
       measure --search [options]

MODEL is a folder or a name, MODE float32, bfloat16 or int8. Each result is a line of JSON.

Tasks (without one: texts a second of each FILE, after a warm-up of 64 texts)
  --latency         one sentence of 8 tokens at a time, taken from FILE
  --startup CLOCK   from CLOCK (the steady clock in seconds, read by the parent) to first embedding
  --memory          peak memory of embedding FILE once, and after 20 shuffled passes of a quarter
  --growth          1,000, 10,000 and 100,000 different texts made from the FILEs
  --tokenize        the FILEs, and words of 1 and 2 MB, on one core
  --make-cross FOLDER   saves MODEL as a cross-encoder with a new head of one label
  --predict         2,000 pairs of a line of one FILE and one of the other; MODEL is a cross-encoder
  --train           --runs steps of 16 pairs of FILE, the STS benchmark's training set, after 10 more
  --search          util::semantic_search over random unit vectors of 384 dimensions
  --peak            matrix products at their best, and the packed linear layers of MiniLM

Options
  --passes N          timed passes (5)
  --limit N           texts of a file, and of --growth
  --out DIR           writes each FILE's embeddings to DIR/NAME.MODE.npy
  --max-seq-length N  tokens of a text that the model sees
  --runs N            of --latency (1000)
  --queries N, --corpus N   of --search (1000, 1000000)
)";

bench::Settings parse(int argc, char** argv) {
  bench::Settings s;
  const std::map<std::string, int64_t*> numbers = {
      {"--passes", &s.passes}, {"--limit", &s.limit},     {"--max-seq-length", &s.max_seq_length},
      {"--runs", &s.runs},     {"--queries", &s.queries}, {"--corpus", &s.corpus}};
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == argc) throw std::invalid_argument("[measure] " + word + " needs a value");
      return argv[++i];
    };
    if (!word.starts_with("--")) {
      words.push_back(word);
    } else if (const auto number = numbers.find(word); number != numbers.end()) {
      *number->second = std::stoll(value());
    } else if (word == "--out") {
      s.out = value();
    } else {
      if (word == "--startup") s.clock = std::stod(value());
      if (word == "--make-cross") s.out = value();
      s.task = word;
    }
  }
  if (s.passes < 1 || s.runs < 1) throw std::invalid_argument("[measure] expected at least 1");
  if (s.task == "--peak" || s.task == "--search" || s.task == "--help") return s;
  if (words.size() < 2 || (words.size() < 3 && s.task != "--startup" && s.task != "--make-cross")) {
    throw std::invalid_argument(kHelp);
  }
  s.model = words[0];
  s.mode = words[1];
  s.files = {words.begin() + 2, words.end()};
  return s;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::map<std::string, void (*)(const bench::Settings&)> tasks = {
      {"", bench::throughput},
      {"--latency", bench::latency},
      {"--startup", bench::startup},
      {"--memory", bench::peak_memory},
      {"--growth", bench::growth},
      {"--tokenize", bench::tokenize},
      {"--search", bench::search},
      {"--make-cross", bench::make_cross},
      {"--predict", bench::predict},
      {"--train", bench::train},
      {"--peak", bench::peak},
      {"--help", [](const bench::Settings&) { std::fputs(kHelp, stdout); }}};
  const bench::Settings settings = parse(argc, argv);
  const auto task = tasks.find(settings.task);
  if (task == tasks.end()) {
    throw std::invalid_argument("[measure] unknown flag " + settings.task);
  }
  task->second(settings);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
