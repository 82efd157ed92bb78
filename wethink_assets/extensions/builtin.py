"""Registries of what ships, by the key that chooses it: a new entry is a module and a line here (`docs/extending.md`).

Registries stand below all packages, so that settings are checked against them. Entries are imported when they are looked up.
"""

from typing import TYPE_CHECKING

from wethink_assets.extensions.registry import Registry

if TYPE_CHECKING:
    from wethink_assets.dataset.exports.export import ExportFormat
    from wethink_assets.dataset.imports.format import ImportFormat
    from wethink_assets.dedup.methods import ImageMethod, TextMethod
    from wethink_assets.evaluation.forms.form import Form
    from wethink_assets.models.dialects.dialect import Dialect
    from wethink_assets.models.providers.provider import Provider
    from wethink_assets.sources.images.formats import ImageFormat
    from wethink_assets.sources.readers.formats import ArchiveFormat
    from wethink_assets.stages.spec import Stage

READERS: "Registry[ArchiveFormat]" = Registry(
    "archive reader",
    {
        "zip": "wethink_assets.sources.readers.packed:ZIP",
        "tar": "wethink_assets.sources.readers.packed:TAR",
        "compressed_tar": "wethink_assets.sources.readers.packed:COMPRESSED_TAR",
        "parquet": "wethink_assets.sources.readers.tables.reader:PARQUET",
        "arrow": "wethink_assets.sources.readers.tables.reader:ARROW",
    },
)
IMAGE_FORMATS: "Registry[ImageFormat]" = Registry(
    "image format",
    {
        "JPEG": "wethink_assets.sources.images.still_formats:JPEG",
        "PNG": "wethink_assets.sources.images.still_formats:PNG",
        "GIF": "wethink_assets.sources.images.paged_formats:GIF",
        "TIFF": "wethink_assets.sources.images.paged_formats:TIFF",
        "WEBP": "wethink_assets.sources.images.still_formats:WEBP",
        "BMP": "wethink_assets.sources.images.further_formats:BMP",
        "AVIF": "wethink_assets.sources.images.further_formats:AVIF",
        "HEIF": "wethink_assets.sources.images.further_formats:HEIF",
        "JPEG2000": "wethink_assets.sources.images.further_formats:JPEG_2000",
    },
)
SHIPPED_IMAGE_FORMATS = frozenset(IMAGE_FORMATS)
EXPORTS: "Registry[ExportFormat]" = Registry(
    "export format",
    {
        "huggingface": "wethink_assets.dataset.exports.formats.huggingface:HUGGING_FACE",
        "trl": "wethink_assets.dataset.exports.formats.trl:TRL",
        "verl": "wethink_assets.dataset.exports.formats.verl:VERL",
        "easyr1": "wethink_assets.dataset.exports.formats.easyr1:EASYR1",
        "llama-factory": "wethink_assets.dataset.exports.formats.llama_factory:LLAMA_FACTORY",
        "ms-swift": "wethink_assets.dataset.exports.formats.ms_swift:MS_SWIFT",
        "webdataset": "wethink_assets.dataset.exports.formats.webdataset:WEBDATASET",
        "fiftyone": "wethink_assets.dataset.exports.formats.fiftyone:FIFTYONE",
        "jsonl": "wethink_assets.dataset.exports.formats.paper_jsonl:PAPER_JSONL",
    },
)
IMPORTS: "Registry[ImportFormat]" = Registry(
    "import format",
    {  # in the order in which a record is held against them
        "webdataset": "wethink_assets.dataset.imports.formats.samples:WEBDATASET",
        "fiftyone": "wethink_assets.dataset.imports.formats.samples:FIFTYONE",
        "verl": "wethink_assets.dataset.imports.formats.conversations:VERL",
        "sharegpt": "wethink_assets.dataset.imports.formats.conversations:CONVERSATIONS",
        "jsonl": "wethink_assets.dataset.imports.formats.paper_jsonl:PAPER_JSONL",
        "huggingface": "wethink_assets.dataset.imports.formats.huggingface:HUGGING_FACE",
    },
)
BENCHMARK_FORMS: "Registry[Form]" = Registry(
    "benchmark form",
    {
        "choice": "wethink_assets.evaluation.forms.choice:CHOICE",
        "circular": "wethink_assets.evaluation.forms.choice:CIRCULAR",
        "mmmu": "wethink_assets.evaluation.forms.choice:MMMU",
        "yes_no": "wethink_assets.evaluation.forms.yes_no:YES_NO",
        "ocr": "wethink_assets.evaluation.forms.ocrbench:OCR",
        "mathvista": "wethink_assets.evaluation.forms.mathvista:MATHVISTA",
        "mathvision": "wethink_assets.evaluation.forms.mathvista:MATHVISION",
        "mathverse": "wethink_assets.evaluation.forms.mathverse:MATHVERSE",
        "dynamath": "wethink_assets.evaluation.forms.dynamath:DYNAMATH",
        "wemath": "wethink_assets.evaluation.forms.wemath:WEMATH",
        "logicvista": "wethink_assets.evaluation.forms.logicvista:LOGICVISTA",
        "mmvet": "wethink_assets.evaluation.forms.free_text:MMVET",
        "free": "wethink_assets.evaluation.forms.free_text:FREE",
    },
)
PROVIDERS: "Registry[type[Provider]]" = Registry(
    "provider",
    {
        "embedded": "wethink_assets.models.providers.embedded:EmbeddedProvider",
        "endpoint": "wethink_assets.models.providers.endpoint:EndpointProvider",
    },
)
DIALECTS: "Registry[Dialect]" = Registry(
    "dialect",
    {
        "plain": "wethink_assets.models.dialects.services:PLAIN",
        "openai": "wethink_assets.models.dialects.services:OPENAI",
        "openai-reasoning": "wethink_assets.models.dialects.services:OPENAI_REASONING",
        "azure": "wethink_assets.models.dialects.services:AZURE",
        "azure-reasoning": "wethink_assets.models.dialects.services:AZURE_REASONING",
        "anthropic": "wethink_assets.models.dialects.services:ANTHROPIC",
        "gemini": "wethink_assets.models.dialects.services:GEMINI",
        "deepseek": "wethink_assets.models.dialects.services:DEEPSEEK",
        "mistral": "wethink_assets.models.dialects.services:MISTRAL",
        "openrouter": "wethink_assets.models.dialects.services:OPENROUTER",
        "together": "wethink_assets.models.dialects.services:TOGETHER",
        "dashscope": "wethink_assets.models.dialects.services:DASHSCOPE",
        "siliconflow": "wethink_assets.models.dialects.services:SILICONFLOW",
        "moonshot": "wethink_assets.models.dialects.services:MOONSHOT",
        "vllm": "wethink_assets.models.dialects.services:VLLM",
        "sglang": "wethink_assets.models.dialects.services:SGLANG",
        "tgi": "wethink_assets.models.dialects.services:TGI",
        "ollama": "wethink_assets.models.dialects.services:OLLAMA",
        "llamacpp": "wethink_assets.models.dialects.services:LLAMACPP",
        "lmstudio": "wethink_assets.models.dialects.services:LMSTUDIO",
    },
)
IMAGE_METHODS: "Registry[ImageMethod]" = Registry(
    "near-duplicate method of images",
    {
        "phash": "wethink_assets.dedup.sketches:PERCEPTUAL_HASH",
    },
)
TEXT_METHODS: "Registry[TextMethod]" = Registry(
    "near-duplicate method of texts",
    {
        "minhash": "wethink_assets.dedup.minhash:MINHASH",
    },
)
STAGES: "Registry[Stage]" = Registry(
    "stage",
    {
        "images": "wethink_assets.sources.ingestion:STAGE",
        "descriptions": "wethink_assets.synthesis.stages.descriptions:STAGE",
        "questions": "wethink_assets.synthesis.stages.questions:STAGE",
        "answers": "wethink_assets.synthesis.stages.answers:STAGE",
        "reasoning_paths": "wethink_assets.synthesis.stages.reasoning_paths:STAGE",
        "signatures": "wethink_assets.dedup.signatures:STAGE",
    },
    check=lambda name, stage: stage.check(name),
)
