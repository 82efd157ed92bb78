"""Currencies in short texts: their signs, codes and words, before and after an amount.

A sign that several currencies share stands for the one that most write so: `$` is the US dollar, `\u00a5` the yen. What says which dollar it is
(`A$`, `CAD`, "Canadian dollars") is another currency, and no rate of exchange is known here: amounts of two currencies are never equal.
"""

import re
from fractions import Fraction

_BEFORE = {
    "$": "USD", "US$": "USD", "U$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "SG$": "SGD", "NT$": "TWD", "R$": "BRL", "MX$": "MXN", "€": "EUR", "\u00a3": "GBP", "\u00a5": "JPY", "CN\u00a5": "CNY", "JP\u00a5": "JPY",
    "\u20b9": "INR", "\u20a8": "INR", "Rs": "INR", "Rs.": "INR", "\u20a9": "KRW", "\u20bd": "RUB", "\u20bf": "BTC", "\u0e3f": "THB",
    "\u20ab": "VND", "\u20b1": "PHP", "\u20a6": "NGN", "\u20aa": "ILS", "\u20ba": "TRY", "\u20b4": "UAH", "RM": "MYR", "Rp": "IDR", "kr": "krone",
    "kr.": "krone", "Fr.": "CHF", "\u20b5": "GHS", "\u09f3": "BDT", "\u5143": "CNY", "\u5186": "JPY",
}  # fmt: skip
_CODES = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "INR",
        "CNY",
        "AUD",
        "CAD",
        "NZD",
        "HKD",
        "SGD",
        "TWD",
        "BRL",
        "MXN",
        "KRW",
        "RUB",
        "BTC",
        "THB",
        "VND",
        "PHP",
        "NGN",
        "ILS",
        "TRY",
        "UAH",
        "MYR",
        "IDR",
        "CHF",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "ZAR",
        "AED",
        "SAR",
        "QAR",
        "KWD",
        "EGP",
        "PKR",
        "BDT",
        "LKR",
        "NPR",
        "KES",
        "GHS",
        "ARS",
        "CLP",
        "COP",
        "PEN",
        "RON",
        "BGN",
        "ISK",
        "ETH",
        "RMB",
    ]
)
_AFTER = {
    "dollar": "USD", "us dollar": "USD", "u.s. dollar": "USD", "american dollar": "USD", "buck": "USD", "australian dollar": "AUD",
    "canadian dollar": "CAD", "new zealand dollar": "NZD", "hong kong dollar": "HKD", "singapore dollar": "SGD", "euro": "EUR",
    "pound sterling": "GBP", "pounds sterling": "GBP", "british pound": "GBP", "sterling": "GBP", "quid": "GBP", "yen": "JPY",
    "japanese yen": "JPY", "rupee": "INR", "indian rupee": "INR", "rs": "INR", "rs.": "INR", "yuan": "CNY", "renminbi": "CNY",
    "korean won": "KRW", "south korean won": "KRW", "ruble": "RUB", "rouble": "RUB", "bitcoin": "BTC", "baht": "THB", "peso": "peso",
    "shekel": "ILS", "lira": "TRY", "ringgit": "MYR", "rupiah": "IDR", "swiss franc": "CHF", "franc": "franc", "krona": "SEK", "kronor": "SEK",
    "krone": "krone", "kroner": "krone", "kr": "krone", "z\u0142": "PLN", "zloty": "PLN", "rand": "ZAR", "dirham": "AED", "riyal": "SAR",
    "naira": "NGN", "cent": "USD/100", "us cent": "USD/100", "\u00a2": "USD/100", "euro cent": "EUR/100", "eurocent": "EUR/100",
    "pence": "GBP/100", "penny": "GBP/100", "paise": "INR/100", "paisa": "INR/100",
}  # fmt: skip
_SMALL_CODES = frozenset(["usd", "eur", "gbp", "jpy", "inr", "cny", "cad", "aud", "chf"])
_DOLLARS = frozenset({"USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD"})
_LEADING = re.compile(
    rf"([+-]?)\s?(?P<sign>{'|'.join(re.escape(sign) for sign in sorted(_BEFORE, key=len, reverse=True))}|"
    rf"(?P<code>{'|'.join(sorted(_CODES))})(?![A-Za-z]))\s?(?=[\d.+-])"
)
_SIGNS_AFTER = frozenset("$€\u00a3\u00a5\u20b9\u20a9\u20bd\u0e3f\u20ab\u20b1\u20ba\u5143\u5186")
_FIRST = frozenset(sign[0] for sign in _BEFORE) | frozenset(code[0] for code in _CODES)


def leading_currency(text: str) -> tuple[str, str] | None:
    """The currency before an amount, and the text without it; None where there is none.

    Example:
        >>> leading_currency("-$5"), leading_currency("US$ 1.2 million"), leading_currency("5 dollars") is None
        (('USD', '-5'), ('USD', '1.2 million'), True)
    """
    if text[:1] not in _FIRST and text[1:2] not in _FIRST:
        return None
    match = _LEADING.match(text)
    if match is None:
        return None
    code = _BEFORE.get(match["sign"]) or ("CNY" if match["code"] == "RMB" else match["sign"])
    rest = text[match.end() :]
    if match[1] and rest[:1] in "+-":
        return None
    return code, f"{match[1]}{rest}"


def currency_named(text: str) -> tuple[str, Fraction] | None:
    """The currency that a word, code or sign after an amount names, and what part of it: cents are hundredths.

    Example:
        >>> currency_named("dollars"), currency_named("cents"), currency_named("USD"), currency_named("dogs") is None
        (('USD', Fraction(1, 1)), ('USD', Fraction(1, 100)), ('USD', Fraction(1, 1)), True)
    """
    if not text or len(text) > 24:
        return None
    if text in _SIGNS_AFTER or (text in _BEFORE and text.endswith("$")):
        return _BEFORE[text], Fraction(1)
    if text in _CODES or text in _SMALL_CODES:
        return ("CNY" if text.upper() == "RMB" else text.upper()), Fraction(1)
    folded = text.casefold()
    code = _AFTER.get(folded) or _AFTER.get(folded.rstrip(".")) or _AFTER.get(folded.removesuffix("s"))
    if not code:
        return None
    name, _, part = code.partition("/")
    return name, Fraction(1, int(part or 1))


def joint_currency(before: str, after: str) -> str | None:
    """The currency of an amount that names one before and one after it (`$5 CAD`), or None where they contradict each other."""
    if before == after or (before == "USD" and after in _DOLLARS):
        return after
    return None
