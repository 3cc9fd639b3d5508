"""Sets of files that one question asks for together, each with its own conditions."""

from __future__ import annotations

from datetime import date

import pytest

from lsfs.index.asked.question import plan
from lsfs.index.asked.union import sets

TODAY = date(2026, 11, 23)
SEVERAL = """
contracts from 2022 and invoices from 2023 = contracts from 2022 | invoices from 2023
letters from 2021 or e-mails to Bob = letters from 2021 | e-mails to Bob
show me the contracts from 2022, invoices from 2023 and letters to Bob, please = \
contracts from 2022 | invoices from 2023 | letters to Bob
letters and e-mails from 2021 = letters from 2021 | e-mails from 2021
2021 letters and e-mails = 2021 letters | 2021 e-mails
contracts from 2022 and invoices = contracts from 2022 | invoices
reports between May and August 2022 and photos from June = \
reports between May and August 2022 | photos from June
invoices from Smith & Sons and receipts from Jones and Co = \
invoices from Smith & Sons | receipts from Jones and Co
letters not from Bob and e-mails from Ann = letters not from Bob | e-mails from Ann
the newest contract and the oldest invoice = newest contract | oldest invoice
emails to Bob or from Ann = emails to Bob | emails from Ann
contracts signed in 2022 or expiring in 2025 = \
contracts signed in 2022 | contracts expiring in 2025
how many contracts from 2022 and invoices from 2023 do we have? = \
contracts from 2022 | invoices from 2023
Verträge aus 2022 und Rechnungen aus 2023 = Verträge aus 2022 | Rechnungen aus 2023
contrats de 2022 et factures de 2023 = contrats de 2022 | factures de 2023
contratos de 2022 y facturas de 2023 = contratos de 2022 | facturas de 2023
contratti del 2022 o fatture del 2023 = contratti del 2022 | fatture del 2023
"""
ONE = """
contracts from 2022 and 2023
contracts or invoices from 2023 over 500 euros
contracts about invoices and receipts from 2022
letters with photos and spreadsheets from 2022
invoices from Smith and Sons from 2022
e-mails from Ann and to Bob
PDF and Word contracts from 2023
contracts except leases and invoices from 2022
letters, but no e-mails
Verträge, aber keine Rechnungen
Dateien, die keine Bilder sind
profit and loss statements from 2022
letters "from May and invoices from June"
the difference between contracts and invoices
"""
CASES = [line.split(" = ") for line in SEVERAL.replace("\\\n", "").strip().splitlines()]


@pytest.mark.parametrize(("question", "parts"), CASES)
def test_each_set_has_its_conditions(question: str, parts: str) -> None:
    wanted = parts.split(" | ")
    assert list(sets(question)) == wanted
    whole = plan(question, TODAY)
    assert whole.listing
    for one, text in zip(whole.either, wanted, strict=True):
        assert one == plan(text, TODAY)


@pytest.mark.parametrize("question", ONE.strip().splitlines())
def test_what_is_one_set_stays_one(question: str) -> None:
    assert plan(question, TODAY).either == ()
