"""Exports DIR/model to what the peers run: DIR/onnx (float32, dynamic int8) and DIR/ov (float32, static int8, which
is calibrated on 400 of the texts). Runs in DIR/ort."""

import pathlib
import shutil
import sys
import warnings

warnings.filterwarnings("ignore")

from datasets import Dataset  # noqa: E402
from optimum.intel import OVConfig, OVModelForFeatureExtraction, OVQuantizationConfig, OVQuantizer  # noqa: E402
from sentence_transformers import SentenceTransformer, export_dynamic_quantized_onnx_model  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402


def export_onnx(folder):
    settings = {"export": True, "provider": "CPUExecutionProvider"}
    model = SentenceTransformer(str(folder / "model"), backend="onnx", model_kwargs=settings)
    model.save_pretrained(str(folder / "onnx"))
    export_dynamic_quantized_onnx_model(model, "avx512_vnni", str(folder / "onnx"))


def export_openvino(folder):
    model = SentenceTransformer(str(folder / "model"), backend="openvino", model_kwargs={"export": True})
    model.save_pretrained(str(folder / "ov"))


def quantize_openvino(folder):
    tokenizer = AutoTokenizer.from_pretrained(str(folder / "model"))
    texts = []
    for name in ("short", "mixed"):
        texts += (folder / f"{name}.txt").read_text(encoding="utf8").splitlines()[1000:1200]

    def tokenize(rows):
        return tokenizer(rows["text"], padding="max_length", max_length=128, truncation=True)

    data = Dataset.from_dict({"text": texts}).map(tokenize, batched=True, remove_columns=["text"])
    quantizer = OVQuantizer.from_pretrained(
        OVModelForFeatureExtraction.from_pretrained(str(folder / "ov"), subfolder="openvino")
    )
    quantizer.quantize(
        calibration_dataset=data,
        save_directory=str(folder / "ovq"),
        ov_config=OVConfig(quantization_config=OVQuantizationConfig()),
    )
    for end in ("xml", "bin"):
        target = folder / "ov" / "openvino" / f"openvino_model_qint8_quantized.{end}"
        shutil.copy(folder / "ovq" / f"openvino_model.{end}", target)


if __name__ == "__main__":
    where = pathlib.Path(sys.argv[1])
    export_onnx(where)
    export_openvino(where)
    quantize_openvino(where)
