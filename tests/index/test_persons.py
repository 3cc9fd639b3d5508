"""Whose paper it is: certificates, curricula vitae, and who only signs for a party."""

from __future__ import annotations

import pytest

from .test_fields import read


def rules(text: str) -> dict[str, str]:
    """The parties, each with the rule that found it."""
    return {one.value: one.rule for one in read(text) if one.name == "party"}


@pytest.mark.parametrize(
    "text",
    [
        "# Mara Lindqvist\n\nCurriculum vitae\n\nExperience\n\n2021 - 2025 Nurse, City Clinic",
        "LEBENSLAUF\n\nMara Lindqvist\nGartenweg 5\n12345 Berlin\n\nBeruf\n\n2018 Bäckerei Kern",
        "Curriculum vitæ de Mara Lindqvist\n\nFormation\n\n2019 Diplôme",
        "Mara Lindqvist - CV\n\nWork\n\n2020 Assistant at Pike Ltd",
    ],
)  # fmt: skip
def test_a_curriculum_vitae_is_of_who_is_named_at_its_head(text: str) -> None:
    assert rules(text) == {"Mara Lindqvist": "own paper"}


@pytest.mark.parametrize(
    "text",
    [
        "Certificate of attainment\n\nThis is to certify that Mara Lindqvist has learnt it.",
        "CERTIFICATE OF REGISTRATION\n\nName: Mara Lindqvist\nRegistration number: P-1",
        "Teilnahmebescheinigung\n\nHiermit wird bescheinigt, dass\nMara Lindqvist\ndabei war.",
        "ATTESTATION\n\nNous attestons que\nMara Lindqvist\na suivi la formation.",
    ],
)
def test_a_certificate_is_of_whom_it_is_about(text: str) -> None:
    assert rules(text)["Mara Lindqvist"] == "certified"


def test_who_issued_a_certificate() -> None:
    text = "St Aidan Training\n\nCERTIFICATE\n\nawarded to\nMara Lindqvist\n\nfor First Aid"
    assert rules(text) == {"Mara Lindqvist": "certified", "St Aidan Training": "issuer"}


@pytest.mark.parametrize(
    "text",
    [
        "The company shall certify that Works are complete.",
        "We need a certificate. Name: Mara Lindqvist",
        "Please send your CV to Mara Lindqvist by Friday.",
    ],
)
def test_what_only_speaks_of_one_names_nobody(text: str) -> None:
    assert not {"certified", "own paper", "issuer"} & {*rules(text).values()}


@pytest.mark.parametrize(
    "closing",
    ["Kind regards, Ann Pell", "Yours faithfully, Ann Pell", "Cordialement, Ann Pell",
     "Thanks, Ann Pell", "Mit freundlichen Grüßen\nAnn Pell"],
)  # fmt: skip
def test_a_signature_may_stand_on_the_line_of_the_closing(closing: str) -> None:
    assert rules(f"Dear team,\n\nplease pay.\n\n{closing}\n")["Ann Pell"] == "signature"


def test_a_sentence_of_thanks_is_no_signature() -> None:
    assert rules("Dear team,\n\nplease pay.\n\nThanks, I will call you\n") == {}


def test_the_firm_below_a_signature_writes() -> None:
    text = "Dear Karen,\n\nwe have paid.\n\nThanks, Ann Pell\nAccounts\nPine Software Inc.\n"
    assert rules(text)["Pine Software Inc."] == "sender"


def test_who_signs_for_a_party_is_not_it() -> None:
    text = (
        'This lease is made between Marri Holdings Ltd ("the Landlord") and Pike Ltd ("the Tenant")'
        ".\n\nSigned for the Landlord: Graham Pell\nOn behalf of the Tenant: Karen Doyle\n"
    )
    assert [*rules(text)] == ["Marri Holdings Ltd", "Pike Ltd"]
    # The landlord herself signs here.
    text = "The lease is made today.\n\nLandlord: Ann Pell\nTenant: Karen Doyle\n"
    assert [*rules(text)] == ["Ann Pell", "Karen Doyle"]
