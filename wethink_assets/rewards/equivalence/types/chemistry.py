"""Chemical formulas and ions: symbols of elements with their counts and a charge, in which case matters."""

import re

_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb "
    "Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es "
    "Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
_ELEMENT = "(?:" + "|".join(sorted(_SYMBOLS.split(), key=len, reverse=True)) + ")"
_TOKEN = re.compile(rf"({_ELEMENT})|(\d{{1,3}})|([(\[])|([)\]])|([*.])")
_SINGLE = re.compile(_ELEMENT)
_CHARGED = re.compile(
    r"(.*?)(?:\^\(?(\d{0,2})([+-])\)?|\^\(?([+-])(\d{0,2})\)?|(\d{0,3})([+-])|\(([+-])(\d)\)|\((\d)([+-])\)|(?<=[a-z])([+-])(\d))"
)
_SIGNS_TWICE = re.compile(r"(\+{2,4}|-{2,4})$")
_PLAIN = re.compile(r"\$|<su[bp]>|</su[bp]>|\\(?:ce|text|mathrm|rm|,|!)|[{}_\s]")
_STATE = re.compile(r"\((?:aq|s|l|g)\)$")
LONGEST = 60
"""Characters of a formula that are read."""


def without_state(formula: str) -> str:
    """A formula without the state of matter that may follow it.

    Example:
        >>> without_state("NaCl(aq)")
        'NaCl'
    """
    return _STATE.sub("", formula)


def formula_of(text: str) -> str | None:
    """A formula in one form, a charge of more than one after `^`; None for what is none.

    A figure before the sign of a single element is the charge (`Ca2+`); of several, the last of two is (`SO42-`), a lone one counts atoms (`NO3-`).

    Example:
        >>> formula_of("H_{2}O"), formula_of("Ca2+"), formula_of("SO_4^{2-}") == formula_of("SO42-"), formula_of("Xy2")
        ('H2O', 'Ca^2+', True, None)
    """
    if len(text) > 4 * LONGEST or text.count("$") % 2:  # US$5 is money
        return None
    text = _PLAIN.sub("", text.replace("\u00b7", "*"))
    if not 0 < len(text) <= LONGEST:
        return None
    state = _STATE.search(text)
    if state:
        stated = formula_of(text[: state.start()])
        return f"{stated}{state[0]}" if stated else None
    doubled = _SIGNS_TWICE.search(text)
    if doubled and doubled.start() == 1:
        return None  # C++ is a language
    if doubled:
        text = f"{text[: doubled.start()]}^{len(doubled[0])}{doubled[0][0]}"
    charge = ""
    match = _CHARGED.fullmatch(text)
    if match:
        text = match[1]
        if match[7]:
            text, count = _counted(text, match[6])
            sign = match[7]
        else:
            count = match[2] or match[5] or match[9] or match[10] or match[13] or ""
            sign = match[3] or match[4] or match[8] or match[11] or match[12]
        charge = f"^{count}{sign}" if count not in ("", "1") else f"{sign}"
    if not _made_of_elements(text):
        return None
    return text.replace("[", "(").replace("]", ")") + charge


def _counted(text: str, digits: str) -> tuple[str, str]:
    """A formula and the figure of its charge, where nothing stands between the digits of both."""
    if _SINGLE.fullmatch(text):
        return text, digits
    if len(digits) >= 2 and digits[0] != "1":
        return text + digits[:-1], digits[-1]
    if text.endswith((")", "]")) and len(digits) == 1:
        return text, digits
    return text + digits, ""


def _made_of_elements(text: str) -> bool:
    """Whether a text is elements with counts, in brackets that close."""
    position, depth, elements, last = 0, 0, 0, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or (match.lastindex == 2 and last in (2, 3)):
            return False
        last = match.lastindex or 0
        elements += last == 1
        depth += (last == 3) - (last == 4)
        if depth < 0:
            return False
        position = match.end()
    return depth == 0 and elements > 0 and last != 5
