"""How is a row of a benchmark put to a model?

For real models with the wording of VLMEvalKit's `build_prompt` of each data set, images before the text (MMMU's `<image 1>` marks stay where they
are); for an embedded policy with the prompt that it was trained on.
"""

import json
from collections.abc import Callable, Sequence

from wethink_assets.evaluation.benchmarks.catalog import Form
from wethink_assets.evaluation.benchmarks.rows import Row, kind_of, shown_options
from wethink_assets.models.chat import Image, Message

LOGIC_VERSION = "1"
Ask = Callable[[Row, Form], str]
_DYNAMATH = """
## Answer Instruction Please provide an answer to the question outlined above. Your response should adhere to the following JSON format, \
which includes two keys: 'solution' and 'short answer'. The 'solution' key can contain detailed steps needed to solve the question, and the \
'short answer' key should provide a concise response. {told}

Example of expected JSON response format:

"""
_DYNAMATH_FORM = json.dumps(
    {"solution": "[Detailed step-by-step explanation]", "short answer": "[Concise Answer]"}, indent=4
)
_DYNAMATH_TOLD = {
    "multiple choice": "Provide the corresponing choice option in the 'short answer' key, such as 'A', 'B', 'C', or 'D'.",
    "float": "Format the answer as a three-digit floating-point number and provide it in the 'short answer' key.",
}
_DYNAMATH_ELSE = "Float numbers in the answer should be formatted as three-digit floating-point numbers."


def _choice(row: Row, form: Form) -> str:
    options = shown_options(row, form)
    hint = f"Hint: {row['hint']}\n" if row.get("hint") else ""
    listed = "".join(f"{letter}. {option}\n" for letter, option in options.items())
    ending = "Please select the correct answer from the options above. \n" if form != "wemath" else ""
    return f"{hint}Question: {row['question']}\n" + (f"Options:\n{listed}{ending}" if options else "")


def _dynamath(row: Row, form: Form) -> str:
    told = _DYNAMATH_TOLD.get(str(row.get("answer_type")), _DYNAMATH_ELSE)
    return f"## Question\n {row['question']}" + _DYNAMATH.format(told=told) + _DYNAMATH_FORM


def _question(row: Row, form: Form) -> str:
    return str(row["question"])


WORDED: dict[Form, Ask] = {
    "choice": _choice,
    "circular": _choice,
    "mmmu": _choice,
    "wemath": _choice,
    "dynamath": _dynamath,
}


def worded(row: Row, form: Form) -> str:
    """The question in VLMEvalKit's words; of forms that are not in `WORDED` the question as the file has it."""
    return WORDED.get(form, _question)(row, form)


def embedded(row: Row, form: Form) -> str:
    """The question in the embedded policy's words; a drawn stand-in has it apart from its benchmark's instructions."""
    from wethink_assets.models.embedded.tasks.examples import render_prompt

    asked = str(row.get("asked") or row["question"])
    options = list(shown_options(row, form).values())[:8]
    return render_prompt("answer_image", kind=kind_of(row, form), question=asked, options=options)


def conversation(row: Row, form: Form, images: Sequence[Image], style: str, system: str) -> list[Message]:
    """What the model is sent. style: `embedded` or `vlmevalkit`; system: left out where empty."""
    text = embedded(row, form) if style == "embedded" else worded(row, form)
    user = Message("user", text, tuple(images))
    return [Message("system", system), user] if system else [user]
