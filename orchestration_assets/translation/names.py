"""Names of persons and companies, as far as notation goes: order, capitals, legal forms. Nobody's name is changed."""

from collections.abc import Callable

import polars as pl

from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

_PARTICLES = "von|van|de|del|della|der|den|di|da|dos|du|la|le|zu|zur|af|av|ten|ter|y|e|bin|ibn|al"
# As the registers of companies write them; each with how else it is met.
_FORMS = {
    "GmbH & Co. KG": r"g\.?\s?m\.?\s?b\.?\s?h\.?\s*(?:&|\+|und|u\.)\s*co\.?\s*kg",
    "GmbH": r"g\.?\s?m\.?\s?b\.?\s?h\.?",
    "AG": r"a\.?g\.?",
    "KG": r"k\.?g\.?",
    "OHG": r"o\.?h\.?g\.?",
    "UG": r"u\.?g\.?",
    "SE": r"s\.?e\.?",
    "Pty Ltd": r"pty\.?\s*ltd\.?",
    "Ltd": r"(?:ltd\.?|limited)",
    "PLC": r"p\.?l\.?c\.?",
    "LLP": r"l\.?l\.?p\.?",
    "LLC": r"l\.?l\.?c\.?",
    "Inc.": r"(?:inc\.?|incorporated)",
    "Corp.": r"(?:corp\.?|corporation)",
    "S.A.": r"s\.?\s?a\.?",
    "S.A.S.": r"s\.?\s?a\.?\s?s\.?",
    "S.à r.l.": r"(?:s\.?\s?à\s?r\.?\s?l\.?|s\.?a\.?r\.?l\.?)",
    "S.r.l.": r"s\.?\s?r\.?\s?l\.?",
    "S.p.A.": r"s\.?\s?p\.?\s?a\.?",
    "S.L.": r"s\.?\s?l\.?",
    "B.V.": r"b\.?\s?v\.?",
    "N.V.": r"n\.?\s?v\.?",
    "A/S": r"a/s",
    "AB": r"a\.?b\.?",
    "Oy": r"oy\.?",
    "sp. z o.o.": r"sp\.?\s?z\s?\.?o\.?\s?o\.?",
}


def _squeezed(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"\s+", " ").str.strip_chars()


def _capitalised(text: pl.Expr) -> pl.Expr:
    """Words with a capital, but for particles inside (`Anna von der Heide`); `Mc` and `O'` have two."""
    words = _squeezed(text).str.to_titlecase().str.split(" ")
    word = pl.element()
    is_particle = word.str.contains(rf"(?i)^(?:{_PARTICLES})$")
    lowered = words.list.eval(pl.when(is_particle).then(word.str.to_lowercase()).otherwise(word))
    return lowered.list.join(" ").str.replace(r"^(\p{Ll})", "$1")


def _shouted(text: pl.Expr) -> pl.Expr:
    """The text, if it has letters of one size only."""
    return pl.when((text == text.str.to_uppercase()) | (text == text.str.to_lowercase())).then(text)


def _persons(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    # Which order the field has, its rules and its known values say: a reading that does not lead there reads nothing.
    return [
        Reading(
            "white space",
            _squeezed,
            lambda t: pl.concat_str(pl.lit(" "), t.str.replace(" ", "  "), pl.lit(" ")),
        ),
        Reading(
            "family name, given name",
            lambda t: _squeezed(t).str.extract_groups(r"^([^,]+?)\s*,\s*([^,]+)$").pipe(_turned, " "),
            lambda t: _only_two(t).str.replace(r"^(\S+) (\S+)$", "$2, $1"),
        ),
        Reading(
            "given name family name",
            lambda t: _only_two(_squeezed(t)).str.replace(r"^(\S+) (\S+)$", "$2, $1"),
            lambda t: t.str.extract_groups(r"^([^,\s]+), ([^,\s]+)$").pipe(_turned, " "),
        ),
        Reading("capitals", lambda t: _capitalised(_shouted(t)), lambda t: t.str.to_uppercase()),
        Reading(
            "capitals, family name, given name",
            lambda t: _capitalised(
                _shouted(_squeezed(t)).str.extract_groups(r"^([^,]+?)\s*,\s*([^,]+)$").pipe(_turned, " ")
            ),
            lambda t: _only_two(t).str.to_uppercase().str.replace(r"^(\S+) (\S+)$", "$2, $1"),
        ),
    ]


def _turned(parts: pl.Expr, between: str) -> pl.Expr:
    return pl.concat_str(parts.struct.field("2"), pl.lit(between), parts.struct.field("1"))


def _only_two(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(r"^[^\s,]+ [^\s,]+$")).then(text)


def _with_form(text: pl.Expr) -> pl.Expr:
    """The name with its legal form at the end as the registers write it; null where it has none that is known."""
    name = _squeezed(text)
    forms = [
        pl.when(name.str.contains(rf"(?i)^.*\S[\s,]+{pattern}$")).then(
            pl.concat_str(name.str.extract(rf"(?i)^(.*[^\s,])[\s,]+{pattern}$", 1), pl.lit(f" {form}"))
        )
        for form, pattern in _FORMS.items()
    ]
    return pl.coalesce(*forms)


def _companies(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    form = "|".join(form.replace(".", r"\.") for form in sorted(_FORMS, key=len, reverse=True))
    return [
        Reading(
            "white space",
            _squeezed,
            lambda t: pl.concat_str(pl.lit(" "), t.str.replace(" ", "  "), pl.lit(" ")),
        ),
        Reading("legal form", _with_form, _render_form(form)),
        Reading("capitals", lambda t: _with_form(_capitalised(_shouted(t))), lambda t: t.str.to_uppercase()),
    ]


def _render_form(form: str) -> Callable[[pl.Expr], pl.Expr]:
    """Known names with a legal form, their form in small letters and without its points."""

    def render(text: pl.Expr) -> pl.Expr:
        name, written = text.str.extract(rf"^(.*) ({form})$", 1), text.str.extract(rf" ({form})$", 1)
        return pl.concat_str(
            name, pl.lit(", "), written.str.to_lowercase().str.replace_all(".", "", literal=True)
        )

    return render


PERSON_NAME = Translator("person_name", "1", _persons)
COMPANY_NAME = Translator("company_name", "1", _companies)
