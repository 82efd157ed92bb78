"""VLMEvalKit's side of `vlmevalkit_agreement.py`: scores given replies with its own functions. Runs in its environment, never in ours.

Only its scoring modules are imported: importing the package would turn off TLS verification, load torch and take minutes.
"""

import importlib
import importlib.util
import json
import sys
import types
from pathlib import Path

FAKE_LETTERS = "ABCDEFGH"
MARKS = str.maketrans(".()", "   ")


def packages() -> None:
    spec = importlib.util.find_spec("vlmeval")
    root = Path(spec.origin).parent
    for name in ("vlmeval", "vlmeval.dataset", "vlmeval.dataset.utils"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    sys.modules["vlmeval.dataset.utils"].build_judge = lambda **kwargs: None
    sys.modules["vlmeval.dataset.utils"].DEBUG_MESSAGE = ""


class Judge:
    """Says what `said_by_judge` of the other side says, from the reply that it is told about."""

    def __init__(self, form):
        self.form, self.line = form, None

    def working(self):
        return True

    def generate(self, prompt, temperature=0):
        reply = str(self.line["prediction"])
        last = (reply.split() or [""])[-1].strip(".")
        if self.form == "mmvet":
            return str(len(reply) % 11 / 10)
        if self.form == "logicvista":
            return "".join(sorted({word for word in reply.translate(MARKS).split() if word in FAKE_LETTERS})) or "Z"
        if self.form == "mathverse" and "Judgement" in prompt:
            return "1" if str(self.line["extract"]).strip().lower() == str(self.line["answer"]).strip().lower() else "0"
        return last


def judged(rows, form, auxeval, names):
    judge, out = Judge(form), []
    for row in rows:
        judge.line = row
        told = auxeval(judge, row)
        out.append({**row, **{name: told[name] for name in names}})
        judge.line = out[-1]
    return out


def score(key, form, rows, folder):
    import pandas as pd

    utils = "vlmeval.dataset.utils."
    data = pd.DataFrame(rows)
    path = str(folder / f"{key}.tsv")
    if form == "yes_no":
        module = importlib.import_module(utils + "yorn")
        data["extracted"] = [module.YOrN_Extraction(str(reply)) for reply in data["prediction"]]
        data["score"] = data["answer"] == data["extracted"]
        hits = dict(zip(data["index"], data["score"].astype(float), strict=True))
        data.to_csv(path, sep="\t", index=False)
        told = module.Hallusion_rating(path).iloc[0]
        return {"score": float((told["aAcc"] + told["fAcc"] + told["qAcc"]) / 3), "hits": hits}
    if form in ("choice", "mmmu", "circular", "wemath"):
        module = importlib.import_module(utils + "multiple_choice")
        if form == "circular":
            data["index"] = data["index"].astype(int)
            data["g_index"] = data["g_index"].astype(int)
        kind = {"circular": module.mcq_circular_eval}.get(form, module.mcq_vanilla_eval)
        name = {"mmmu": "MMMU_DEV_VAL", "wemath": "WeMath", "circular": "MMBench_DEV_EN_V11"}.get(form, "MMStar")
        done = kind(None, data.copy(), data.copy(), 1, str(folder / f"{key}.pkl"), name)
        hits = {str(index): float(hit) for index, hit in zip(done["index"], done["hit"], strict=True)}
        if form == "wemath":
            done.to_csv(path, sep="\t", index=False)
            steps = importlib.import_module(utils + "wemath")
            if not hasattr(pd.DataFrame, "_append"):  # gone in pandas 3
                pd.DataFrame._append = lambda frame, row, ignore_index: pd.concat([frame, pd.DataFrame([row])])
            told = steps.wemath_evaluate_models(path)
            share = float(next(iter(told["Score (Strict)"].values())).rstrip("%")) / 100
            problems = int(data["key"].str.endswith("multi").sum())
            lost = round(2 * 525 * (1 - share)) / 2  # it always divides by the 525 problems of the real one
            return {"score": 100 * (problems - lost) / problems, "hits": hits}
        told = module.report_acc(done)
        row = told[told["split"] == "validation"] if form == "mmmu" else told
        return {"score": 100 * float(row["Overall"].iloc[0]), **({} if form == "circular" else {"hits": hits})}
    if form == "mathvista":
        module = importlib.import_module(utils + "mathvista")
        rows = judged(rows, form, module.MathVista_auxeval, ("res", "log"))
        hits = {row["index"]: float(bool(module.post_check(row))) for row in rows}
        return {"score": 100 * sum(hits.values()) / len(hits), "hits": hits}
    if form == "mathvision":
        module = importlib.import_module(utils + "mathv")
        module.is_equal = module.is_equal.__wrapped__
        rows = judged(rows, form, module.MATH_V_auxeval, ("res", "log"))
        hits = {row["index"]: float(bool(module.post_check(row))) for row in rows}
        return {"score": 100 * sum(hits.values()) / len(hits), "hits": hits}
    if form == "mathverse":
        module = importlib.import_module(utils + "mathverse")
        rows = judged(rows, form, module.MathVerse_auxeval_extract, ("extract",))
        judge, hits = Judge(form), {}
        for row in rows:
            judge.line = row
            hits[row["index"]] = float(module.MathVerse_auxeval_score(judge, row)["score"])
        return {"score": 100 * sum(hits.values()) / len(hits), "hits": hits}
    if form == "mmvet":
        module = importlib.import_module(utils + "mmvet")
        pd.DataFrame(judged(rows, form, module.MMVet_auxeval, ("score", "log"))).to_csv(path, sep="\t", index=False)
        told, _ = module.MMVet_acc(path)
        return {"score": float(told[told["Category"] == "Overall"]["acc"].iloc[0])}
    if form == "logicvista":
        module = importlib.import_module(utils + "logicvista")
        rows = judged(rows, form, module.LogicVista_auxeval, ("hit", "res"))
        pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
        told = module.evaluate_logicvista(path)
        hits = {row["index"]: float(row["hit"]) for row in rows}
        return {"score": float(told[told["Task&Skill"] == "Overall"]["acc"].iloc[0]), "hits": hits}
    if form == "dynamath":
        module = importlib.import_module("vlmeval.dataset.dynamath")
        judge = Judge(form)
        plain = module.DynaMath_auxeval

        def auxeval(model, line):
            judge.line = line
            return plain(judge, line)

        module.build_judge = lambda **kwargs: judge
        module.track_progress_rich = lambda function, tasks, **kwargs: [auxeval(**task) for task in tasks]
        data["varid"] = data["varid"].astype(int)
        data.to_csv(path, sep="\t", index=False)
        told = object.__new__(module.Dynamath).evaluate(path, model="stand-in")
        hits = {row["index"]: float(bool(auxeval(judge, pd.Series(row))["correct"])) for row in rows}
        return {"score": 100 * float(told[told["Setting"] == "Worst Case"]["Overall"].iloc[0]), "hits": hits}
    module = importlib.import_module("vlmeval.dataset.image_vqa")
    data.to_csv(path, sep="\t", index=False)
    told = module.OCRBench.evaluate(path)
    return {"score": 100 * told["Final Score"] / len(data)}


def main() -> None:
    given, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    packages()
    found = {}
    for key, told in given.items():
        try:
            found[key] = score(key, told["form"], [dict(row) for row in told["rows"]], folder)
        except Exception as error:
            found[key] = f"{type(error).__name__}: {error}"[:300]
    (folder / "scores.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
