"""The 18 source datasets and what is known of them: title, home, citation, licence and place in the LLaVA-CoT-100k images.

Licences are those of the images as far as their publishers state them. Where images come from many owners, or only
terms of use were published, the entry says so: read the upstream terms before you redistribute anything.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownSource:
    """One dataset of the archive; `layout` are its image folders below the archive's root.

    tolerance: of values read off its images, relative; edit_distance: of text read off them, as a share of its characters. 0: exact.
    """

    name: str
    title: str
    domain: str
    homepage: str
    citation: str
    licence: str
    layout: tuple[str, ...]
    tolerance: float = 0.0
    edit_distance: float = 0.0

    @property
    def folder(self) -> str:
        """Top folder in the archive."""
        return self.layout[0].partition("/")[0]


READ_OFF_A_CHART = 0.05
"""Relative tolerance of values read off charts: the relaxed accuracy of ChartQA (Masry et al. 2022)."""
READ_OFF_PAPER = 0.1
"""Share of a text's characters that may be misread. DocVQA's ANLS goes to a half, which takes other words too."""
KNOWN_SOURCES: tuple[KnownSource, ...] = (
    KnownSource(
        name="ai2d",
        title="AI2 Diagrams",
        domain="science diagrams",
        homepage="https://prior.allenai.org/projects/diagram-understanding",
        citation="Kembhavi et al. A Diagram Is Worth A Dozen Images. ECCV 2016.",
        licence="see upstream terms",
        layout=("ai2d/images",),
    ),
    KnownSource(
        name="chartqa",
        title="ChartQA",
        domain="charts",
        homepage="https://github.com/vis-nlp/ChartQA",
        citation="Masry et al. ChartQA: A Benchmark for Question Answering about Charts with Visual and Logical "
        "Reasoning. Findings of ACL 2022.",
        licence="see upstream terms (repository GPL-3.0; charts of several publishers)",
        layout=("chartqa/train/png",),
        tolerance=READ_OFF_A_CHART,
    ),
    KnownSource(
        name="CLEVR_v1.0",
        title="CLEVR",
        domain="rendered shapes",
        homepage="https://cs.stanford.edu/people/jcjohns/clevr/",
        citation="Johnson et al. CLEVR: A Diagnostic Dataset for Compositional Language and Elementary Visual "
        "Reasoning. CVPR 2017.",
        licence="CC-BY-4.0",
        layout=("CLEVR_v1.0/images/train",),
    ),
    KnownSource(
        name="coco",
        title="Common Objects in Context, train2017",
        domain="everyday photographs",
        homepage="https://cocodataset.org",
        citation="Lin et al. Microsoft COCO: Common Objects in Context. ECCV 2014.",
        licence="see upstream terms (photographs under various Flickr licences)",
        layout=("coco/train2017",),
    ),
    KnownSource(
        name="docvqa",
        title="DocVQA",
        domain="scanned documents",
        homepage="https://www.docvqa.org",
        citation="Mathew et al. DocVQA: A Dataset for VQA on Document Images. WACV 2021.",
        licence="see upstream terms (documents of the UCSF Industry Documents Library)",
        layout=("docvqa/train/documents",),
        edit_distance=READ_OFF_PAPER,
    ),
    KnownSource(
        name="geoqa+",
        title="GeoQA+",
        domain="plane geometry",
        homepage="https://github.com/SCNU203/GeoQA-Plus",
        citation="Cao and Xiao. An Augmented Benchmark Dataset for Geometric Question Answering through Dual Parallel "
        "Text Encoding. COLING 2022.",
        licence="see upstream terms",
        layout=("geoqa+/images",),
    ),
    KnownSource(
        name="gqa",
        title="GQA",
        domain="everyday photographs",
        homepage="https://cs.stanford.edu/people/dorarad/gqa/",
        citation="Hudson and Manning. GQA: A New Dataset for Real-World Visual Reasoning and Compositional Question "
        "Answering. CVPR 2019.",
        licence="see upstream terms (images of Visual Genome)",
        layout=("gqa/images",),
    ),
    KnownSource(
        name="llava",
        title="LLaVA visual instruction pretraining images, 558K",
        domain="web images",
        homepage="https://huggingface.co/datasets/liuhaotian/LLaVA-Pretrain",
        citation="Liu et al. Visual Instruction Tuning. NeurIPS 2023.",
        licence="see upstream terms (images of LAION, Conceptual Captions and SBU)",
        layout=("llava/llava_pretrain/images",),
    ),
    KnownSource(
        name="ocr_vqa",
        title="OCR-VQA",
        domain="book covers",
        homepage="https://ocr-vqa.github.io",
        citation="Mishra et al. OCR-VQA: Visual Question Answering by Reading Text in Images. ICDAR 2019.",
        licence="see upstream terms (book covers)",
        layout=("ocr_vqa/images",),
        edit_distance=READ_OFF_PAPER,
    ),
    KnownSource(
        name="pisc",
        title="People in Social Context",
        domain="people and their relations",
        homepage="https://zenodo.org/records/1059155",
        citation="Li et al. Dual-Glance Model for Deciphering Social Relationships. ICCV 2017.",
        licence="see upstream terms",
        layout=("pisc/image",),
    ),
    KnownSource(
        name="sam",
        title="Segment Anything, SA-1B",
        domain="high-resolution photographs",
        homepage="https://ai.meta.com/datasets/segment-anything/",
        citation="Kirillov et al. Segment Anything. ICCV 2023.",
        licence="SA-1B Dataset Research License",
        layout=("sam/images",),
    ),
    KnownSource(
        name="share_textvqa",
        title="ShareGPT4V's part of TextVQA",
        domain="photographs with text",
        homepage="https://sharegpt4v.github.io",
        citation="Chen et al. ShareGPT4V: Improving Large Multi-Modal Models with Better Captions. ECCV 2024.",
        licence="see upstream terms (images of TextVQA)",
        layout=("share_textvqa/images",),
    ),
    KnownSource(
        name="sqa",
        title="ScienceQA",
        domain="school science",
        homepage="https://scienceqa.github.io",
        citation="Lu et al. Learn to Explain: Multimodal Reasoning via Thought Chains for Science Question Answering. "
        "NeurIPS 2022.",
        licence="CC-BY-NC-SA-4.0",
        layout=("sqa/train",),
    ),
    KnownSource(
        name="textvqa",
        title="TextVQA",
        domain="photographs with text",
        homepage="https://textvqa.org",
        citation="Singh et al. Towards VQA Models That Can Read. CVPR 2019.",
        licence="see upstream terms (annotations CC-BY-4.0; images of Open Images)",
        layout=("textvqa/train_images",),
    ),
    KnownSource(
        name="vg",
        title="Visual Genome",
        domain="everyday photographs",
        homepage="https://homes.cs.washington.edu/~ranjay/visualgenome/",
        citation="Krishna et al. Visual Genome: Connecting Language and Vision Using Crowdsourced Dense Image "
        "Annotations. IJCV 2017.",
        licence="CC-BY-4.0",
        layout=("vg/VG_100K", "vg/VG_100K_2"),
    ),
    KnownSource(
        name="web-celebrity",
        title="ShareGPT4V's web images of celebrities",
        domain="well-known people",
        homepage="https://sharegpt4v.github.io",
        citation="Chen et al. ShareGPT4V: Improving Large Multi-Modal Models with Better Captions. ECCV 2024.",
        licence="academic use only, see upstream terms",
        layout=("web-celebrity/images",),
    ),
    KnownSource(
        name="web-landmark",
        title="ShareGPT4V's web images of landmarks",
        domain="well-known places",
        homepage="https://sharegpt4v.github.io",
        citation="Chen et al. ShareGPT4V: Improving Large Multi-Modal Models with Better Captions. ECCV 2024.",
        licence="academic use only, see upstream terms",
        layout=("web-landmark/images",),
    ),
    KnownSource(
        name="wikiart",
        title="WikiArt, as collected for ShareGPT4V",
        domain="paintings",
        homepage="https://www.wikiart.org",
        citation="Saleh and Elgammal. Large-scale Classification of Fine-Art Paintings: Learning The Right Metric on "
        "The Right Feature. 2015. Collected by Chen et al. ShareGPT4V. ECCV 2024.",
        licence="academic use only, see upstream terms",
        layout=("wikiart/images",),
    ),
)
