"""The text a record is found by: name, pinyin, initials, code and whatever else is given, in one column."""

import unicodedata

from shared.i18n import pinyin, pinyin_initials


def plain(text: str) -> str:
    """Full width to half width, lower case, single blanks: the form in which texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def search_key(name: str, *more: str, length: int = 500) -> str:
    """Begins with the pinyin of `name`, so that the column also sorts names; then initials, name and `more`."""
    folded = plain(name)
    parts = [pinyin(folded), pinyin_initials(folded), folded, *(plain(text) for text in more)]
    return " ".join(dict.fromkeys(part for part in parts if part))[:length]


def words(query: str) -> list[str]:
    """What was typed into a search box as words that must all be found; at most five."""
    return plain(query).split()[:5]


def of_customer(column: str, parameter: str) -> str:
    """The condition that the customer whose id stands in `column` is found by the pattern in a parameter.

    As a subquery it walks the index of search keys once. In an OR beside a column of another table the same on a joined
    customer makes SQLite walk all customers for every row. The statement has the branch as :branch.
    """
    return f"{column} IN (SELECT id FROM customer WHERE branch = :branch AND search_key LIKE :{parameter} ESCAPE '!')"
