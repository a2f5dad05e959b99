// PyTorch's checkpoints: what torch.save wrote is read to the bit, what is hostile is refused.
#include "core/torch_file.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "core/safetensors.h"
#include "core/zip_archives.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using namespace std::string_literals;

fs::path torch_file(const std::string& name) { return golden("torch_files") / name; }

/// All tensors of a file, against those that Python wrote as safetensors.
void expect_same(const std::string& name, const std::string& expected) {
  const TorchFile file = TorchFile::open(torch_file(name));
  const SafeTensors wanted = SafeTensors::open(torch_file(expected));
  EXPECT_EQ(file.names(), wanted.names()) << name;
  for (const std::string& tensor : wanted.names()) {
    const at::Tensor found = file.get(tensor);
    EXPECT_TRUE(found.is_contiguous()) << name << " " << tensor;
    EXPECT_EQ(found.scalar_type(), wanted.get(tensor).scalar_type()) << name << " " << tensor;
    EXPECT_TRUE(at::equal(found, wanted.get(tensor))) << name << " " << tensor;
    file.release(tensor);
    EXPECT_TRUE(at::equal(file.get(tensor), wanted.get(tensor))) << name << " " << tensor;
  }
}

TEST(TorchFile, AllTypes) {
  expect_same("types.bin", "types.safetensors");
  expect_same("types_old.bin", "types.safetensors");
}

TEST(TorchFile, Views) {
  expect_same("views.bin", "views.safetensors");
  expect_same("views_old.bin", "views.safetensors");
}

TEST(TorchFile, ModulesWithMetadataAndParameters) {
  expect_same("module.bin", "module.safetensors");
}

#ifdef SENTENCE_TRANSFORMERS_ZLIB
TEST(TorchFile, DeflatedArchives) { expect_same("views_deflated.bin", "views.safetensors"); }
#endif

TEST(TorchFile, RareTypes) {
  const TorchFile file = TorchFile::open(torch_file("rare.bin"));
  EXPECT_EQ(file.get("uint16").scalar_type(), at::kUInt16);
  EXPECT_EQ(file.get("uint16").to(at::kLong)[1].item<int64_t>(), 65535);
  EXPECT_EQ(file.get("float8").to(at::kFloat)[1].item<float>(), -2);
  EXPECT_EQ(file.get("complex").scalar_type(), at::kComplexFloat);
}

TEST(TorchFile, TensorsLieInTheMapping) {
  TorchFile file = TorchFile::open(torch_file("views.bin"));
  EXPECT_EQ(file.get("own").data_ptr(), file.get("own").data_ptr());
  const at::Tensor own = file.get("own");
  file = TorchFile::open(torch_file("types.bin"));
  EXPECT_EQ(own.sizes(), (at::IntArrayRef{2, 3}));  // and keep it
  EXPECT_TRUE(at::isfinite(own).all().item<bool>());
}

TEST(TorchFile, TensorsOfOneStorageDoNotChangeEachOther) {
  for (const std::string name : {"views.bin", "views_old.bin"}) {
    const TorchFile file = TorchFile::open(torch_file(name));
    const at::Tensor first = file.get("tied"), second = file.get("tied_too");
    const at::Tensor before = second.clone();
    first.fill_(0);
    EXPECT_TRUE(at::equal(second, before));
    EXPECT_TRUE(at::equal(file.get("tied"), before));
  }
}

TEST(TorchFile, NamesWhatIsNotThere) {
  const TorchFile file = TorchFile::open(torch_file("types.bin"));
  EXPECT_TRUE(file.contains("float32"));
  EXPECT_FALSE(file.contains("none"));
  EXPECT_THROWS(LoadError, file.get("none"), "[TorchFile] " + torch_file("types.bin").string(),
                "there is no tensor \"none\"");
  file.release("none");
}

TEST(TorchFile, RefusesWhatWouldRun) {
  EXPECT_THROWS(UnsupportedError, TorchFile::open(torch_file("odd.bin")), "[TorchFile]", "odd.bin",
                "posix.system\" is refused");
  EXPECT_THROWS(UnsupportedError, TorchFile::open(torch_file("module_object.bin")),
                "\"torch.nn.modules.linear.Linear\" is refused");
}

TEST(TorchFile, RefusesOtherThingsThanTensors) {
  EXPECT_THROWS(UnsupportedError, TorchFile::open(torch_file("nested.bin")),
                "tensor \"state_dict\": expected a tensor, found a dictionary");
#ifdef SENTENCE_TRANSFORMERS_ZLIB
  EXPECT_THROWS(UnsupportedError, TorchFile::open(torch_file("types_big.bin")),
                "holds big-endian numbers");
#endif
}

// --- Files byte by byte
// ---------------------------------------------------------------------------

class HostileTorchFile : public testing::Test {
 protected:
  TorchFile open(const std::string& bytes) {
    write_file(path_, bytes);
    return TorchFile::open(path_);
  }
  void expect_refused(const std::string& bytes, const std::string& text) {
    EXPECT_THROWS(LoadError, open(bytes), "[TorchFile] " + path_.string(), text);
  }
  /// A tensor of the storage "0" of `count` floats.
  static std::string tensor(const std::string& count, const std::string& rest) {
    return "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nU\1"
           "0U\3cpu" +
           count + "tQ" + rest + "\x89NtR";
  }
  static std::string dictionary(const std::string& value) { return "\x80\2}U\1x" + value + "s."; }
  static std::string archive(const std::string& pickle, const std::string& data) {
    return zip_archive({{"a/data.pkl", pickle}, {"a/data/0", data}});
  }
  static std::string long_number(int64_t value) {
    return "\x8a\x08" + little_endian(static_cast<uint64_t>(value), 8);
  }

  TempDir dir_;
  const fs::path path_ = dir_.path() / "pytorch_model.bin";
};

TEST_F(HostileTorchFile, TheHandMadeOneIsRead) {
  const std::string four = tensor("K\4", "K\0K\2K\2\x86K\2K\1\x86"s);
  const TorchFile file = open(archive(dictionary(four), std::string(16, '\0')));
  EXPECT_TRUE(at::equal(file.get("x"), at::zeros({2, 2})));
  // Where its bytes lie unaligned, too.
  const TorchFile shifted = open(archive(dictionary(four) + " ", std::string(16, '\0')));
  EXPECT_TRUE(at::equal(shifted.get("x"), at::zeros({2, 2})));
}

TEST_F(HostileTorchFile, OtherFiles) {
  expect_refused("", "expected a checkpoint of PyTorch, found 0 bytes");
  expect_refused("version git-lfs", "expected a checkpoint of PyTorch");
  expect_refused("\x80\2}.", "expected a checkpoint of PyTorch");
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  EXPECT_THROWS(UnsupportedError, open(tar), "is a tar archive");
  expect_refused("PK\3\4", "zip archive has no end");
}

TEST_F(HostileTorchFile, MissingRecords) {
  expect_refused(zip_archive({{"a/version", "3"}}), "the archive has no data.pkl");
  expect_refused(zip_archive({{"a/data.pkl", "}."}, {"b/data.pkl", "}."}}), "two data.pkl");
  const std::string four = dictionary(tensor("K\4", "K\0K\4\x85K\1\x85"s));
  expect_refused(zip_archive({{"a/data.pkl", four}}),
                 "tensor \"x\": its record \"a/data/0\" is missing");
}

TEST_F(HostileTorchFile, NoDictionary) {
  EXPECT_THROWS(UnsupportedError, open(archive("].", "")),
                "expected a dictionary of tensors, found a list");
  expect_refused(archive("}K\1Ns.", ""), "expected texts as keys, found a whole number");
  const std::string one = "U\1x" + tensor("K\1", "K\0))"s);
  expect_refused(archive("}(" + one + one + "u.", "1234"), "tensor \"x\": is there twice");
}

TEST_F(HostileTorchFile, SizesThatDoNotFit) {
  const std::string data(16, '\0');
  const auto refused = [&](const std::string& value, const std::string& text) {
    expect_refused(archive(dictionary(value), data), "tensor \"x\": " + text);
  };
  const std::string outside = "its sizes and strides lead outside of its storage";
  const std::string huge = long_number(INT64_MAX), large = long_number(int64_t{1} << 40);
  refused(tensor("K\5", "K\0K\4\x85K\1\x85"s),
          "its storage should have 5 elements, found 16 bytes");
  refused(tensor(huge, "K\0K\4\x85K\1\x85"s), "its storage should have");
  refused(tensor("K\4", "K\0K\5\x85K\1\x85"s), outside);
  refused(tensor("K\4", "K\1K\4\x85K\1\x85"), outside);
  refused(tensor("K\4", "K\0K\4\x85K\2\x85"s), outside);
  refused(tensor("K\4", huge + "K\1\x85K\1\x85"), outside);
  refused(tensor("K\4", "K\0"s + huge + "\x85K\1\x85"), outside);
  refused(tensor("K\4", "K\0K\2\x85"s + huge + "\x85"), outside);
  refused(tensor("K\4", "K\0"s + large + large + "\x86K\0K\0\x86"s), outside);
  refused(tensor("K\4", "K\0K\0"s + large + large + "\x87K\0K\0K\0\x87"s), outside);
  refused(tensor("K\4", "K\0"s + large + "\x85K\0\x85"s), "its strides repeat few numbers to");
  refused(
      "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch.storage\nUntypedStorage\n"
      "U\1"
      "0U\3cpuK\4tQK\0))\x89NtR"s,
      "its storage has no type");
}

TEST_F(HostileTorchFile, EmptyTensorsNeedNoBytes) {
  const TorchFile file = open(archive(dictionary(tensor("K\0"s, "K\0K\0K\3\x86K\3K\1\x86"s)), ""));
  EXPECT_EQ(file.get("x").sizes(), (at::IntArrayRef{0, 3}));
  file.release("x");
}

/// The older layout, of one storage "0" of four floats.
std::string legacy(const std::string& root, const std::string& protocol = "M\xe9\3",
                   const std::string& system = "}U\x0dlittle_endian\x88s",
                   const std::string& keys =
                       "]U\1"
                       "0a",
                   const std::string& count = "\4",
                   const std::string& data = std::string(16, '\0')) {
  std::string counted = count;
  counted.resize(8);
  return "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2" + protocol + ".\x80\2" +
         system + "." + root + "\x80\2" + keys + "." + counted + data;
}

TEST_F(HostileTorchFile, OlderLayout) {
  const std::string root = dictionary(tensor("K\4", "K\0K\2K\2\x86K\2K\1\x86"s));
  EXPECT_TRUE(at::equal(open(legacy(root)).get("x"), at::zeros({2, 2})));
  expect_refused(legacy(root, "K\1"), "expected protocol 1001");
  EXPECT_THROWS(UnsupportedError, open(legacy(root, "M\xe9\3", "}U\x0dlittle_endian\x89s")),
                "holds big-endian numbers");
  const std::string system = "}", protocol = "M\xe9\3",
                    keys =
                        "]U\1"
                        "0a";
  expect_refused(legacy(root, protocol, system, "N"), "expected a list of storages");
  expect_refused(legacy(root, protocol, system,
                        "]U\1"
                        "1a"),
                 "storage \"1\" belongs to no tensor");
  expect_refused(legacy(root, protocol, system, "]K\1a"), "belongs to no tensor");
  expect_refused(legacy(root, protocol, system, "]", "", ""), "8 bytes lie behind the storages");
  expect_refused(legacy(root, protocol, system, keys, "\5"), "of 5 elements lies outside");
  expect_refused(legacy(root, protocol, system, keys, std::string(8, '\xff')), "lies outside");
  expect_refused(legacy(root) + "x", "1 bytes lie behind the storages");
  const std::string whole = legacy(root);
  expect_refused(whole.substr(0, whole.size() - 20), "the storages end too early");
  expect_refused(legacy(root, protocol, system,
                        "]U\1"
                        "0aU\1"
                        "0a",
                        "\4", std::string(16, '\0')),
                 "the storages end too early");
}

TEST_F(HostileTorchFile, OlderLayoutMissingStorages) {
  const std::string root = dictionary(tensor("K\4", "K\0K\4\x85K\1\x85"s));
  std::string bytes = legacy(root, "M\xe9\3", "}", "]", "", "");
  bytes.resize(bytes.size() - 8);
  expect_refused(bytes, "tensor \"x\": its storage \"0\" is missing");
  const std::string two = "\x80\2}(U\1x" + tensor("K\4", "K\0))"s) +
                          "U\1yctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nHalfStorage\n"
                          "U\1"
                          "0U\3cpuK\4tQK\0))\x89NtRu."s;
  expect_refused(legacy(two), "storage \"0\" has two types");
}

TEST_F(HostileTorchFile, EveryBytesChangeIsReadOrRefused) {
  const std::string zip =
      archive(dictionary(tensor("K\4", "K\0K\2K\2\x86K\2K\1\x86"s)), std::string(16, '\0'));
  const std::string old = legacy(dictionary(tensor("K\4", "K\0K\2K\2\x86K\2K\1\x86"s)));
  for (const std::string& whole : {zip, old}) {
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const char byte : {'\0', '\1', '\x7f', '\xff'}) {
        std::string changed = whole;
        changed[at] = byte;
        try {
          const TorchFile file = open(changed);
          for (const std::string& name : file.names()) file.get(name);
        } catch (const LoadError&) {
        } catch (const UnsupportedError&) {
        }
      }
    }
  }
}

}  // namespace
}  // namespace sentence_transformers
