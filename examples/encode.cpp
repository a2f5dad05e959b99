// Embeds a text file, one text a line, into a .npy array; every option of the library is a flag.
#include <sentence_transformers/sentence_transformers.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace st = sentence_transformers;

namespace {

constexpr const char* kHelp = R"(Usage: encode [options] TEXTS OUTPUT.npy

Embeds TEXTS (a file with one text a line; - is standard input) into OUTPUT.npy, row by row.
Prints the number of texts, tokens and truncated texts and the time on stderr.

Model
  --model NAME             a folder or a name (all-MiniLM-L6-v2)
  --device DEVICE          cpu, cuda, cuda:1, ...; CUDA where there is one if not given
  --dtype TYPE             float32, bfloat16 or float16, of weights and compute (float32)
  --quantization TYPE      none or int8: compute with bytes, on the CPU (none)
  --model-truncate-dim N   keep N dimensions, for every call (LoadOptions::truncate_dim)
  --cache-folder FOLDER    where to look for the model besides the usual places
  --max-seq-length N       tokens of a text that the model sees

Encoding
  --query, --document      use the model's prompt for queries or documents
  --prompt TEXT            put TEXT in front of every text
  --prompt-name NAME       put the model's prompt NAME in front of every text
  --batch-size N           texts a forward pass (32)
  --progress               show a progress bar (EncodeOptions::show_progress_bar)
  --precision TYPE         float32, int8, uint8, binary or ubinary (float32)
  --normalize              scale embeddings to length 1 (EncodeOptions::normalize_embeddings)
  --truncate-dim N         keep N dimensions, for this call (EncodeOptions::truncate_dim)

  --help, --version
)";

enum class Task { none, query, document };

struct Arguments {
  std::string model = "all-MiniLM-L6-v2", texts, output;
  st::LoadOptions load = {.show_progress_bar = true};
  st::EncodeOptions encode;
  std::optional<int64_t> max_seq_length;
  Task task = Task::none;
  bool help = false, version = false;
};

int64_t parse_integer(const std::string& flag, const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("[encode] " + flag + " needs an integer, not \"" + text + "\"");
  }
  return value;
}

at::ScalarType parse_dtype(const std::string& text) {
  if (text == "float32") return at::kFloat;
  if (text == "bfloat16") return at::kBFloat16;
  if (text == "float16") return at::kHalf;
  throw std::invalid_argument("[encode] --dtype is \"" + text +
                              "\"; known: float32, bfloat16, float16");
}

st::Quantization parse_quantization(const std::string& text) {
  if (text == "none") return st::Quantization::none;
  if (text == "int8") return st::Quantization::int8;
  throw std::invalid_argument("[encode] --quantization is \"" + text + "\"; known: none, int8");
}

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  std::vector<std::string> files;
  bool flags_ended = false;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string flag = words[i];
    if (flags_ended || flag == "-" || !flag.starts_with('-')) {
      files.push_back(flag);
      continue;
    }
    // --flag=value is --flag value.
    std::optional<std::string> attached;
    if (const size_t equals = flag.find('='); equals != std::string::npos) {
      attached = flag.substr(equals + 1);
      flag.resize(equals);
    }
    bool used = false;
    const auto value = [&] {
      used = true;
      if (attached) return *attached;
      if (i + 1 == words.size()) throw std::invalid_argument("[encode] " + flag + " needs a value");
      return words[++i];
    };

    if (flag == "--") {
      flags_ended = true;
    } else if (flag == "--help" || flag == "-h") {
      arguments.help = true;
    } else if (flag == "--version") {
      arguments.version = true;
    } else if (flag == "--model") {
      arguments.model = value();
    } else if (flag == "--device") {
      arguments.load.device = value();
    } else if (flag == "--dtype") {
      arguments.load.dtype = parse_dtype(value());
    } else if (flag == "--quantization") {
      arguments.load.quantization = parse_quantization(value());
    } else if (flag == "--model-truncate-dim") {
      arguments.load.truncate_dim = parse_integer(flag, value());
    } else if (flag == "--cache-folder") {
      arguments.load.cache_folder = value();
    } else if (flag == "--max-seq-length") {
      arguments.max_seq_length = parse_integer(flag, value());
    } else if (flag == "--query") {
      arguments.task = Task::query;
    } else if (flag == "--document") {
      arguments.task = Task::document;
    } else if (flag == "--prompt") {
      arguments.encode.prompt = value();
    } else if (flag == "--prompt-name") {
      arguments.encode.prompt_name = value();
    } else if (flag == "--batch-size") {
      arguments.encode.batch_size = parse_integer(flag, value());
    } else if (flag == "--progress") {
      arguments.encode.show_progress_bar = true;
    } else if (flag == "--precision") {
      arguments.encode.precision = st::parse_precision(value());
    } else if (flag == "--normalize") {
      arguments.encode.normalize_embeddings = true;
    } else if (flag == "--truncate-dim") {
      arguments.encode.truncate_dim = parse_integer(flag, value());
    } else {
      throw std::invalid_argument("[encode] unknown flag " + flag + "; --help lists them");
    }
    if (attached && !used) throw std::invalid_argument("[encode] " + flag + " takes no value");
  }
  if (arguments.help || arguments.version) return arguments;
  if (files.size() != 2) {
    throw std::invalid_argument("[encode] expected TEXTS and OUTPUT.npy, found " +
                                std::to_string(files.size()) + " file names; see --help");
  }
  arguments.texts = files[0];
  arguments.output = files[1];
  return arguments;
}

/// One text a line, without its line end (\n or \r\n).
std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) throw std::runtime_error("[encode] cannot open " + path);
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  if (in.bad()) throw std::runtime_error("[encode] cannot read " + path);
  return lines;
}

at::Tensor embed(const st::SentenceTransformer& model, Task task,
                 const std::vector<std::string>& texts, const st::EncodeOptions& options) {
  switch (task) {
    case Task::query:
      return model.encode_query(texts, options);
    case Task::document:
      return model.encode_document(texts, options);
    case Task::none:
      break;
  }
  return model.encode(texts, options);
}

}  // namespace

int main(int argc, char** argv) try {
  Arguments arguments = parse({argv + 1, argv + argc});
  if (arguments.help) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (arguments.version) {
    std::puts("encode " SENTENCE_TRANSFORMERS_VERSION);
    return 0;
  }

  const std::vector<std::string> texts = read_lines(arguments.texts);
  st::SentenceTransformer model(arguments.model, arguments.load);
  if (arguments.max_seq_length) model.set_max_seq_length(*arguments.max_seq_length);

  st::EncodeReport report;
  arguments.encode.report = &report;
  const auto start = std::chrono::steady_clock::now();
  const at::Tensor embeddings = embed(model, arguments.task, texts, arguments.encode);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  st::save_npy(arguments.output, embeddings);

  std::fprintf(stderr, "%lld texts, %lld tokens, %lld truncated, %.2f s, %.1f texts/s\n",
               static_cast<long long>(report.texts), static_cast<long long>(report.tokens),
               static_cast<long long>(report.truncated), seconds,
               seconds > 0 ? static_cast<double>(report.texts) / seconds : 0.0);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
