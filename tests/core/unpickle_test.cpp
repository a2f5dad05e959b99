#include "core/unpickle.h"

#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using namespace std::string_literals;
using Kind = PickledValue::Kind;

/// Keeps the values of one pickle.
class Read {
 public:
  explicit Read(std::string bytes)
      : bytes_(std::move(bytes)), unpickler_(bytes_, "[Test] "), value_(unpickler_.read()) {}
  const PickledValue* operator->() const { return &value_; }

 private:
  std::string bytes_;
  Unpickler unpickler_;
  const PickledValue& value_;
};

void expect_refused(const std::string& bytes, const std::string& text) {
  EXPECT_THROWS(LoadError, Read{bytes}, "[Test] pickle, byte ", text);
}

// pickle.dumps(VALUE, 2) of Python for each.
TEST(Unpickle, NumbersAndTexts) {
  EXPECT_EQ(Read("\x80\2N."s)->kind, Kind::none);
  EXPECT_EQ(Read("\x80\2\x88."s)->integer, 1);
  EXPECT_EQ(Read("\x80\2\x89."s)->kind, Kind::boolean);
  EXPECT_EQ(Read("\x80\2K\7."s)->integer, 7);
  EXPECT_EQ(Read("\x80\2M\0\1."s)->integer, 256);
  EXPECT_EQ(Read("\x80\2J\xfe\xff\xff\xff."s)->integer, -2);
  EXPECT_EQ(Read("\x80\2\x8a\0."s)->integer, 0);
  EXPECT_EQ(Read("\x80\2\x8a\1\xff."s)->integer, -1);
  EXPECT_EQ(Read("\x80\2\x8a\5\0\0\0\0\1."s)->integer, int64_t{1} << 32);
  EXPECT_EQ(Read("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s)->kind, Kind::other);
  EXPECT_EQ(Read("\x80\2G\x40\x04\0\0\0\0\0\0."s)->real, 2.5);
  EXPECT_EQ(Read("\x80\2X\3\0\0\0abcq\0."s)->text, "abc");
  EXPECT_EQ(Read("\x80\2U\2ab."s)->text, "ab");
}

TEST(Unpickle, Collections) {
  EXPECT_EQ(Read("\x80\2)."s)->kind, Kind::tuple);
  EXPECT_EQ(Read("\x80\2K\1K\2\x86q\0."s)->items.size(), 2u);
  EXPECT_EQ(Read("\x80\2(K\1K\2K\3K\4tq\0."s)->items[3]->integer, 4);
  EXPECT_EQ(Read("\x80\2]q\0(K\1K\2e."s)->items.size(), 2u);
  EXPECT_EQ(Read("\x80\2]q\0K\1a."s)->items[0]->integer, 1);
  const Read dict("\x80\2}q\0(U\1aK\1U\1bh\0u."s);
  EXPECT_EQ(dict->kind, Kind::dict);
  EXPECT_EQ(dict->items[0]->text, "a");
  EXPECT_EQ(dict->items[3]->kind, Kind::dict);
  EXPECT_EQ(Read("\x80\2}U\1aK\1s."s)->items.size(), 2u);
  EXPECT_EQ(Read("\x80\2ccollections\nOrderedDict\n)R}b."s)->kind, Kind::dict);
  EXPECT_EQ(Read("\x80\2(K\1K\2tr\x01\0\0\0j\x01\0\0\0\x86."s)->items[1]->items.size(), 2u);
}

const std::string kFloats =
    "(U\7storagectorch\nFloatStorage\nU\1"
    "0U\3cpuK\6tQ";
const std::string kTensor = "ctorch._utils\n_rebuild_tensor_v2\n(" + kFloats;

TEST(Unpickle, TensorsAreDescribed) {
  const Read read("\x80\2" + kTensor + "K\1K\2K\2\x86K\2K\1\x86\x89" +
                  "ccollections\nOrderedDict\n)RtR.");
  ASSERT_EQ(read->kind, Kind::tensor);
  const PickledTensor& tensor = *read->tensor;
  EXPECT_EQ(tensor.storage.type, "Float");
  EXPECT_EQ(tensor.storage.key, "0");
  EXPECT_EQ(tensor.storage.count, 6);
  EXPECT_EQ(tensor.offset, 1);
  EXPECT_EQ(tensor.size, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(tensor.stride, (std::vector<int64_t>{2, 1}));
}

TEST(Unpickle, EveryOtherGlobalIsRefusedByName) {
  for (const std::string name :
       {"os\nsystem", "posix\nsystem", "builtins\neval", "__builtin__\nexec", "builtins\ngetattr",
        "torch\nload", "torch.nn.modules.linear\nLinear", "numpy.core.multiarray\nscalar",
        "torch.storage\n_load_from_bytes", "torch._utils\n_rebuild_sparse_tensor",
        "collections\nOrderedDict.x", "collections OrderedDict\n", "torch\nXStorage", "\n"}) {
    std::string shown = name;
    if (const size_t line = shown.find('\n'); line != shown.npos) shown[line] = '.';
    EXPECT_THROWS(UnsupportedError,
                  Read("\x80\2"
                       "c" +
                       name + "\nU\4echo\x85R."),
                  "[Test] pickle", "is refused", "nothing is run");
  }
  EXPECT_THROWS(UnsupportedError,
                Read("\x80\2"
                     "cos\nsystem\n)R."),
                "\"os.system\" is refused");
}

TEST(Unpickle, OpcodesThatRunOrImportAreRefused) {
  for (const char opcode :
       "ioP201pgILFSV\x82\x83\x84\x8b\x8c\x92\x93\x95\xff") {  // and the NUL at its end
    expect_refused("\x80\2N" + std::string(1, opcode) + "aa\naa\n.",
                   "is not one that checkpoints need");
  }
  expect_refused("\x80\4N.", "protocol 4; known: up to 3");
}

TEST(Unpickle, OnlyNamedFunctionsAreCalled) {
  expect_refused("K\1)R.", "expected a function, found a whole number");
  expect_refused("ctorch\nFloatStorage\n)R.", "expected a function, found \"torch FloatStorage\"");
  expect_refused("ctorch\nfloat32\n)\x81.", "expected a function, found \"torch float32\"");
  expect_refused("ctorch\nSize\nNR.", "expected a tuple of arguments, found None");
}

TEST(Unpickle, WrongArguments) {
  expect_refused("ctorch._utils\n_rebuild_tensor_v2\n)R.", "a tensor's arguments");
  expect_refused(kTensor + "K\1K\1K\1\x89NtR.", "a tensor's arguments");
  expect_refused(kTensor + "J\xff\xff\xff\xff))\x89NtR.", "a tensor's arguments");
  expect_refused(kTensor + "K\0J\xff\xff\xff\xff\x85K\1\x85\x89NtR."s, "a tensor's arguments");
  expect_refused(kTensor + "K\0)K\1\x85\x89NtR."s, "a tensor's arguments");
  expect_refused("ctorch._utils\n_rebuild_tensor_v3\n(" + kFloats + "K\0))\x89NNtR."s,
                 "a tensor's type is none");
  expect_refused("ctorch._utils\n_rebuild_parameter\n)R.", "a parameter without a tensor");
  expect_refused("ccollections\nOrderedDict\nN\x85R.", "an OrderedDict with arguments");
  expect_refused("ctorch\nSize\nN\x85R.", "a torch.Size without a tuple");
  expect_refused("c_codecs\nencode\nN\x85R.", "bytes without a text");
}

TEST(Unpickle, WrongStorages) {
  expect_refused("NQ.", "a persistent id that is no storage");
  expect_refused("(U\6moduletQ.", "a persistent id that is no storage");
  expect_refused(
      "(U\7storageNU\1"
      "0U\3cpuK\6tQ.",
      "a persistent id that is no storage");
  expect_refused(
      "(U\7storagectorch\nSize\nU\1"
      "0U\3cpuK\6tQ.",
      "a storage of no type");
  const std::string start =
      "(U\7storagectorch\nFloatStorage\nU\1"
      "0U\3cpuK\6";
  expect_refused(start + "K\1tQ.", "a storage's view is none");
  expect_refused(start + "(U\1aU\1bU\1ctt" + "Q.", "a storage's view is none");
  expect_refused(start + "U\1aK\5K\2\x87tQ.", "a storage's view lies outside of it");
  EXPECT_EQ(Read(start + "U\1aK\5K\1\x87tQ.")->storage.first, 5);
}

TEST(Unpickle, BrokenStacks) {
  expect_refused("", "the file ends inside");
  expect_refused("N", "the file ends inside");
  expect_refused(".", "the stack is empty");
  expect_refused("NN.", "values are left on the stack");
  expect_refused("(N.", "values are left on the stack");
  expect_refused("t.", "there is no mark");
  expect_refused("K\1\x86.", "the stack is empty");
  expect_refused("K\1(\x85.", "the stack is empty");
  expect_refused("K\1a.", "the stack is empty");
  expect_refused(
      "K\1K\2"
      "a.",
      "expected a list, found a whole number");
  expect_refused("]K\1K\2s.", "expected a dictionary, found a list");
  expect_refused("}(K\1u.", "a key without a value");
  expect_refused("q\1.", "the stack is empty");
  expect_refused("h\1.", "nothing was remembered as 1");
  expect_refused("Nb.", "the stack is empty");
  expect_refused("X\xff\xff\xff\xff.", "the file ends inside");
  expect_refused("cos", "the file ends inside");
}

// Nothing here goes deeper than a loop, whatever the values do.
TEST(Unpickle, NestingCostsNoStack) {
  const size_t depth = 300000;
  EXPECT_EQ(Read(std::string(depth, ']') + std::string(depth - 1, 'a') + ".")->kind, Kind::list);
  std::string tuples = ")";
  tuples.append(depth, '\x85');
  EXPECT_EQ(Read(tuples + ".")->kind, Kind::tuple);
  EXPECT_EQ(Read("]q\0h\0a."s)->items[0]->kind, Kind::list);  // a list that holds itself
}

TEST(Unpickle, TooManyValuesAreRefused) {
  expect_refused("]" + std::string(4200000, 'N'), "more than 4194304 values");
}

// Sizes that are copied for each tensor cannot be made long.
TEST(Unpickle, LongSizesAreRefused) {
  std::string sizes = "(";
  for (int i = 0; i < 100; ++i) sizes += "K\1";
  expect_refused(kTensor + "K\0"s + sizes + "tq\1h\1\x89NtR.", "a tensor's arguments");
  expect_refused("ctorch\nSize\n" + sizes + "t\x85R.", "a torch.Size without a tuple of sizes");
}

TEST(Unpickle, AnyBytesAreReadOrRefused) {
  const std::string whole = "\x80\2}" + ("U\1a" + kTensor) + "K\1K\2K\2\x86K\2K\1\x86\x89" +
                            "ccollections\nOrderedDict\n)RtRs.";
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = whole;
      changed[at] = static_cast<char>(byte);
      try {
        Read{changed};
      } catch (const LoadError&) {
      } catch (const UnsupportedError&) {
      }
    }
  }
}

TEST(Unpickle, OneAfterTheOther) {
  const std::string bytes = "\x80\2K\1.\x80\2K\2.rest";
  Unpickler unpickler(bytes, "");
  EXPECT_EQ(unpickler.read().integer, 1);
  EXPECT_EQ(unpickler.read().integer, 2);
  EXPECT_EQ(bytes.substr(unpickler.position()), "rest");
}

}  // namespace
}  // namespace sentence_transformers
