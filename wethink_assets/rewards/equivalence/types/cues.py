"""Cues of questions: the thing that a question asks for, which decides what a form that could be several things is.

The first thing named after the question word is what is asked for: "What is the date on invoice number 12?" asks for a date, though it names an
invoice number.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from wethink_assets.rewards.equivalence.reading import Asked

_NUMBERED = (
    "room|flight|bus|coach|route|train|tram|platform|gate|track|jersey|shirt|player|uniform|bib|race|lane|channel|house|street|apartment|apt|"
    "unit|suite|terminal|highway|exit|page|chapter|figure|table|section|item|part|catalog(?:ue)?|product|article|invoice|order|purchase order|po|"
    "reference|ref|tracking|confirmation|booking|ticket|policy|case|file|docket|permit|certificate|form|document|patent|batch|lot|sku|employee|"
    "student|customer|member(?:ship)?|client|id|identification|serial|model|passport|roll|engine|locomotive|badge|booth|licen[cs]e|box|plot|vin|tax|"
    "contract|project|course|class|loan|check|cheque|bill|receipt|transaction|voucher|coupon|style|stock|bed|locker|table|row|aisle|pin|error|"
    "airport|car|truck|boat|plane|aircraft|vehicle|ship|horse|ball|phone model|registration|code|access|security|promo|discount|country|dialling|"
    "department|exhibit|slide|job|bates|protocol|study|report|memo|grant"
)
_PATTERNS = {
    "pressure": r"blood pressure|visual acuity",
    "signature": r"(?:time|meter|metre) signatures?|met(?:re|er) of the (?:music|piece|song|score)",
    "digits": (
        r"(?:tele|cell |mobile )?phone(?: number| no\b| #|(?=\s*(?:[?.:]|$)))|telephone|\bfax\b|\bhotline|helpline|\b(?:mobile|"
        r"contact|cell) (?:number|no\b)|"
        r"\btoll[- ]free|\bnumbers?\b[^?.]{0,40}\b(?:call(?:ed)?|dial(?:l?ed)?|texted|reached|contacted)\b|\bwhom? (?:to|"
        r"can)\b[^?.]{0,20}\bcall\b|"
        r"\bzip\b(?: ?codes?)?|\bpost(?:al)? ?codes?|\bpin ?codes?|\barea codes?|\bisbn\b|\bissn\b|\bbarcode|\bbar code|\bupc\b|"
        r"\bean\b|\biban\b|"
        r"\bsocial security|\bssn\b|\b(?:credit |debit )?card (?:number|no\b)|\b(?:bank )?account (?:number|no\b)"
    ),
    "version": r"\bversions?\b|\bfirmware\b|\bsoftware release|\bbuild (?:number|no\b)",
    "blood": r"\bblood (?:type|group)|\brh(?:esus)? factor",
    "formula": (
        r"\b(?:chemical|molecular|empirical|structural) (?:formula|symbol)|\bformula (?:of|for) (?:the )?(?:compound|molecule|"
        r"substance|salt|acid|gas|ion|"
        r"\w+ (?:oxide|chloride|sulfate|acid|hydroxide|carbonate|nitrate|ion))|\b(?:element|atomic) symbol|\bsymbol (?:of|"
        r"for) (?:the )?(?:chemical |element|ion)|"
        r"\b(?:which|what) (?:chemical )?(?:ions?|cations?|anions?|compounds?|molecules?|elements?|gas(?:es)?)\b|"
        r"\bchemical (?:species|compounds?|elements?)\b"
    ),
    "plate": (
        r"\b(?:licen[cs]e|registration|number|vehicle|car)(?:'s)? ?plates?\b|\bplate (?:number|no\b)|\bregistration (?:number|mark)|"
        r"\btail number"
    ),
    "letter": r"\b(?:which|what) (?:capital |uppercase )?letter\b(?! (?:grade|rating))",
    "seat": r"\bseats?\b",
    "grade": r"\b(?:letter )?grades?\b|\bcredit rating",
    "chess": r"\bchess\b|\b(?:which|what) square\b|\b(?:best|next|winning|last|first|white's|black's) move\b",
    "number": (
        rf"\b(?:{_NUMBERED})(?:'s)? ?(?:number|num\b|no\b\.?|nr\b|#|codes?\b|id\b)|\b(?:which|what) (?:bus|room|flight|gate|"
        rf"platform|route|lane|terminal|highway|"
        r"exit|channel|train|tram|bus line|hotel room|apartment|motorway|postbox)\b(?! (?:is|was) (?:the )?(?:longest|shortest))|"
        r"\bnumber (?:is |that is )?(?:written |printed |shown |displayed |painted )?on (?:the |his |her |their |its )?(?:\w+ )?"
        r"(?:jersey|shirt|bus|player|train|door|car|truck|plane|back|uniform|boat|bib|house|vest|helmet|horse|locomotive|tag|ball|"
        r"bike|tram)\b|"
        rf"\bnumber of (?:the|this|that) (?:{_NUMBERED})\b|\b(?:numbered|serial|sku)\b|"
        r"\bmodels?\b"
    ),
    "range": (
        r"\b(?:age|income|price|salary|score|weight|size|height|value)?[ -]?(?:ranges?|brackets?|groups?|intervals?|bands?|"
        r"bins?)\b|\bbetween wh|\bfrom wh|\bperiod\b"
    ),
    "score": (
        r"\bscores?\b|\bscored?line\b|\bresult of (?:the |this |their |that )?(?:[\w-]+ ){0,3}(?:match|game|final|set|fixture|"
        r"series|half|duel|semi-?final|"
        r"meeting|encounter|derby|playoff)|\bfinal result|\b(?:w[io]n|wins|winning|lost|lose|beat|defeat(?:ed)?)\b[^?.]{0,40}\bby\b|"
        r"\b(?:match|game) (?:end|finish|result)|\bwin[- ]loss|\bw-l\b|\bhow did\b[^?.]{0,40}\b(?:match|game|final)\b|\b(?:team|"
        r"season)(?:'s)? record\b"
    ),
    "odds": r"\bodds\b",
    "ratio": r"\bratios?\b|\baspect\b|\bscale\b|\bproportions?\b|\bfor every\b",
    "dimensions": r"\bdimensions?\b|\bresolutions?\b|\bhow (?:big|large)\b|\bmeasurements?\b|\bsizes?\b|\bpixels?\b|\bformat\b",
    "duration": (
        r"\bhow long\b|\bhow many (?:more |full |whole |total )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|"
        r"decades?)\b|\bhow old\b|\bdurations?\b|"
        r"\b(?:running|race|lap|finish(?:ing)?|winning|record|travel|cooking|baking|preparation|prep|total|elapsed|waiting|"
        r"driving|flight|best|fastest|cook|"
        r"response|playing|download|screen) times?\b|"
        r"\brun ?time\b|\btimes? (?:did|does|do|will|would|is|was) (?:it|he|she|they|the) (?:\w+ )?(?:take|need|spend|run|finish)|"
        r"\blap\b|\blifespan|"
        r"\blength of (?:the |this |a )?(?:\w+ )?(?:film|movie|song|track|video|clip|call|race|flight|trip|journey|stay|season|"
        r"term|contract|meeting|episode|break|"
        r"course|warranty|lease|program|training|visit|show)|\bhow much (?:longer|time)\b"
    ),
    "amount": (
        r"\bhow (?:many|much|tall|high|far|fast|wide|deep|heavy|hot|cold|warm|often|loud|thick|strong|likely)\b|\bnumber of\b|"
        r"\bpercent(?:age)?\b|\bprices?\b|"
        r"\bcosts?\b|\btotal\b|\bsum\b|\bamounts?\b|\baverage\b|\bmean\b|\bmedian\b|\bvalues?\b|\brevenues?\b|\bprofits?\b|"
        r"\bpopulation\b|\bdifference\b|\bcount\b|"
        r"\btemperatures?\b|\bweights?\b|\bmass\b|\bspeed\b|\bareas?\b|\bperimeter\b|\bvolume\b|\bdistance\b|\bvoltage\b|"
        r"\bcurrent\b|\bpower\b|\bcapacity\b|"
        r"\bsalary\b|\bsales\b|\brates?\b|\bheights?\b|\blengths?\b|\bwidths?\b|\bdepth\b|\bfee\b|\bbudget\b|\bbalance\b|"
        r"\bquantity\b|\bangle\b|\bradius\b|"
        r"\bdiameter\b|\benergy\b|\bforce\b|\bpressure\b|\bfrequency\b|\bfractions?\b|\bshare\b|\bpoints\b"
    ),
    "date": (
        r"\bdates?\b|\bdated\b|\b(?:which|what) (?:day|month|year|decade|century|quarter|season|weekday|era)\b|\b(?:day|month|"
        r"year|decade|century|quarter|season)\b|"
        r"\bwhen\b|\bdeadline|\bexpir|\bbirthday|\bborn\b|\bmonths\b|\byears\b|\bdays\b|\bdecades\b"
    ),
    "time": r"\btimes?\b|\bclocks?\b|\bo'clock\b|\bwatch\b|\bhours?\b",
}
_CUE = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()))
_WORD_OF_QUESTION = re.compile(r"\b(?:what|which|how|when|at what|on what|in what)\b")
_ASKED_PLAINLY = re.compile(r"\b(?:what|which|how)\b")
_UNIT = "(second|minute|hour|day|week|month|year|decade)s?"
_HOW_MANY_UNITS = re.compile(rf"\bhow many (?:more |full |whole |total |calendar |business )?{_UNIT}\b(?!-)")
_IN_UNITS = re.compile(
    r"(?:\bin (?:whole |full )?|\(in |\()(second|minute|hour|day|week|month|year)s\b\s*(?:[?.,;:)]|$)"
)
_HOW_MANY = re.compile(r"\bhow (?:many|much)\b")
_CALCULATION = re.compile(
    r"\b(?:what is|=) ?[\d\s().,+*/\u00d7\u00f7^\u2212-]*\d\s*[-+*/\u00d7\u00f7\u2212x]\s*\d|"
    r"^[\d\s().+*/\u00d7\u00f7-]*\d\s*[-+*/\u00d7\u00f7x]\s*\d[\d\s.)]*(?:=|$)"
)
_MATHEMATICS = re.compile(
    r"\b(?:calculate|compute|evaluate|simplif\w+|subtract|minus|expression|polynomial|equation|solve|derivative|integral|"
    r"factor(?:ise|ize)?d?|"
    r"expand|in terms of|coefficient)\b"
)
_AGED = re.compile(r"\b(?:ages?|aged|old|older)\b")
_DAY_FIRST = re.compile(r"\bdd\s?[-/.]\s?mm\b")
_AFTERNOON = re.compile(r"\bp\.?m\b|\bafternoon\b|\bevening\b|\btonight\b")
_MORNING = re.compile(r"\ba\.?m\b|\bmorning\b")
CODES = frozenset(
    [
        "pressure",
        "signature",
        "digits",
        "version",
        "blood",
        "formula",
        "plate",
        "letter",
        "seat",
        "grade",
        "chess",
        "number",
    ]
)


@dataclass(frozen=True, slots=True)
class Cues:
    """Cues of a question.

    head: the thing asked for, empty where it names none. named: all things that it names. unit: of time, that a bare number is of.
    arithmetic: whether it is mathematics, so that a sign between two numbers may be one of calculation. day_first: whether it names an order of
    dates. afternoon: whether a time of day that says no half of the day is one after noon. aged: whether ages are asked for.
    """

    head: str = ""
    named: frozenset[str] = frozenset()
    unit: str = ""
    arithmetic: bool = False
    day_first: bool = False
    afternoon: bool = False
    aged: bool = False

    @property
    def code(self) -> bool:
        """Whether a code is asked for."""
        return self.head in CODES


NONE = Cues()


def cues_of(asked: Asked) -> Cues:
    """The cues of a question.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> cues_of(asked_of("What is the date on invoice number 12?")).head, cues_of(asked_of("How many minutes does it take?")).unit
        ('date', 'minute')
    """
    return _cues(asked.folded) if asked.text else NONE


@lru_cache(maxsize=4096)
def _cues(folded: str) -> Cues:
    start = _ASKED_PLAINLY.search(folded) or _WORD_OF_QUESTION.search(folded)
    head, named = "", set()
    for match in _CUE.finditer(folded, start.start() if start else 0):
        name = match.lastgroup or ""
        head = head or name
        named.add(name)
    if start:
        named.update(match.lastgroup or "" for match in _CUE.finditer(folded, 0, start.start()))
    return Cues(
        head,
        frozenset(named),
        _unit(folded, head),
        _CALCULATION.search(folded) is not None or (head in ("", "amount") and _MATHEMATICS.search(folded) is not None),
        _DAY_FIRST.search(folded) is not None,
        _AFTERNOON.search(folded) is not None and _MORNING.search(folded) is None,
        _AGED.search(folded) is not None,
    )


def _unit(folded: str, head: str) -> str:
    counted = _HOW_MANY_UNITS.search(folded)
    if counted:
        return counted[1]
    if head in ("date", "time", "range") or _HOW_MANY.search(folded):
        return ""
    stated = _IN_UNITS.search(folded)
    if stated:
        return stated[1]
    return "year" if "how old" in folded else ""
