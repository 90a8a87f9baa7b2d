"""Invented names: companies (their domains end in the reserved `.example`), people, subjects."""

from __future__ import annotations

import random
import unicodedata

STEMS = (
    "Norrvik", "Veltrano", "Quillmar", "Braskel", "Ostrevo", "Lumenza", "Tarnfeld", "Cavoria", "Pellwick", "Zundara",
    "Halvoren", "Mirasund", "Grendale", "Oxholme", "Fjordane", "Kestravel", "Durnholt", "Selvano", "Wexmoor", "Arborant",
    "Tivolane", "Rookmere", "Bexendorf", "Calderix", "Yarrowby", "Nimbrook", "Ferrowell", "Strandova", "Ulvering",
    "Paxmont", "Corvessa", "Elderby", "Jasperlund", "Marrowgate", "Tollhaven", "Vintrask", "Brightmoss", "Sandrevo",
    "Hexley", "Orlavik", "Greywater", "Lindqvara", "Monterell", "Passendale", "Skovgaarden", "Trevanno", "Windermoor",
    "Zephyrine", "Aldemar", "Birchwold", "Copperline", "Drevanta", "Emberley", "Foxhollow", "Gantrelle", "Hazelmark",
    "Inverosa", "Juniperi", "Kolvane", "Larkstead",
)  # fmt: skip
KINDS = {
    "Logistics": ("Logistics", "Freight", "Shipping", "Depots"),
    "Manufacturing": ("Works", "Tooling", "Castings", "Instruments"),
    "Retail": ("Stores", "Outfitters", "Provisions", "Homeware"),
    "Financial services": ("Capital", "Mutual", "Ledger", "Assurance"),
    "Healthcare": ("Clinics", "Diagnostics", "Care", "Dental"),
    "Software": ("Systems", "Labs", "Software", "Data"),
    "Media": ("Media", "Press", "Studios", "Broadcast"),
    "Education": ("Learning", "Academy", "Institute", "Tutors"),
    "Energy": ("Energy", "Grid", "Solar", "Utilities"),
    "Professional services": ("Partners", "Advisory", "Consulting", "Associates"),
}
FIRST = (
    "Amara", "Björn", "Chiara", "Dmitri", "Elif", "Farah", "Gustav", "Hana", "Ingrid", "Jonas", "Kavya", "Luca", "Marta",
    "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tomás", "Ulla", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoë",
    "Aiko", "Bence", "Clara", "Diego", "Esther", "Felix", "Greta", "Hugo", "Isla", "Jana", "Kofi", "Lena", "Milan", "Nora",
)  # fmt: skip
LAST = (
    "Abaroa", "Bergqvist", "Castellan", "Dąbrowski", "Eriksen", "Fontaine", "Gallo", "Haddad", "Ivers", "Jankovic", "Kimura",
    "Lindholm", "Moreau", "Nakamura", "Okafor", "Petrov", "Quispe", "Rossi", "Santos", "Tanaka", "Uddin", "Varga", "Weiss",
    "Xu", "Yilmaz", "Zeller", "Aldana", "Brandt", "Chowdhury", "Duarte", "Eklund", "Farkas", "Grünwald", "Hoekstra",
)  # fmt: skip
COUNTRIES = {
    "Germany": "EUR", "France": "EUR", "Netherlands": "EUR", "Spain": "EUR", "United Kingdom": "GBP", "Sweden": "SEK",
    "Switzerland": "CHF", "United States": "USD", "Canada": "CAD", "Japan": "JPY",
}  # fmt: skip
TITLES = {
    "champion": ("Head of Operations", "Operations Manager", "Analytics Lead"),
    "sponsor": ("Chief Operating Officer", "VP Operations", "Managing Director"),
    "economic_buyer": ("Chief Financial Officer", "Head of Procurement"),
    "admin": ("Systems Administrator", "IT Manager"),
    "user": ("Analyst", "Planner", "Coordinator", "Team Lead", "Specialist"),
    "detractor": ("Controller", "Programme Manager"),
}
TEAMS = ("Operations", "Finance", "Sales", "Logistics", "Support", "Planning")


def slug(text: str) -> str:
    """Lower-case letters, digits and dashes of a name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


def companies(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """So many (name, industry) pairs, no name twice."""
    pairs = [(f"{stem} {word}", industry) for stem in STEMS for industry, words in KINDS.items() for word in words]
    if count > len(pairs):
        raise ValueError(f"at most {len(pairs)} companies can be named")
    return rng.sample(pairs, count)


def person(rng: random.Random, taken: set[str]) -> str:
    """A name that is not taken yet at this account."""
    for _ in range(1_000):
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        if name not in taken:
            taken.add(name)
            return name
    raise ValueError("out of names")
