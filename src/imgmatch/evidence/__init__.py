"""Build and check evidence bundles, deposits and cases for people who decide.

imgmatch delivers the material; people and platforms decide. Importing this package
does not need the extra ``[evidence]``; calling its functions does.
"""

from imgmatch.evidence.bundle import Attachment, build, revise
from imgmatch.evidence.case import (
    Case,
    CaseOutcome,
    CaseState,
    add_material,
    advance,
    cases,
    get_case,
    open_case,
)
from imgmatch.evidence.check import check_bundle
from imgmatch.evidence.check_report import CheckReport, CheckResult, State
from imgmatch.evidence.claim import ClaimKind, claim_kind
from imgmatch.evidence.complaint import Complaint, draft
from imgmatch.evidence.credentials import Credentials, read_credentials
from imgmatch.evidence.depositing import (
    Clock,
    Deposit,
    Unverified,
    check_deposits,
    deposit,
    deposits,
    expiring,
    renew,
)
from imgmatch.evidence.erasure import Erasure, erase_listing, erase_owner
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.ledger_facts import LedgerFacts, look_up
from imgmatch.evidence.licence import (
    Licence,
    allow,
    licence_for,
    licences,
    revoke,
)
from imgmatch.evidence.manifest import Listing
from imgmatch.evidence.material import (
    CheckOutcome,
    Material,
    MaterialKind,
    Party,
    examine_material,
)
from imgmatch.evidence.precedence import Moment, Priority, note_moment, priority
from imgmatch.evidence.privacy import redacted, reduced_copy
from imgmatch.evidence.rates import Rate, binomial_interval, success_rate
from imgmatch.evidence.timestamp import (
    Stamp,
    Transport,
    read_roots,
    request,
    stamp,
    verify_token,
)
from imgmatch.evidence.transport import http_transport

__all__ = [
    "Attachment",
    "Case",
    "CaseOutcome",
    "CaseState",
    "CheckOutcome",
    "CheckReport",
    "CheckResult",
    "ClaimKind",
    "Clock",
    "Complaint",
    "Credentials",
    "Deposit",
    "Erasure",
    "Ledger",
    "LedgerFacts",
    "Licence",
    "Listing",
    "Material",
    "MaterialKind",
    "Moment",
    "Party",
    "Priority",
    "Rate",
    "Stamp",
    "State",
    "Transport",
    "Unverified",
    "add_material",
    "advance",
    "allow",
    "binomial_interval",
    "build",
    "cases",
    "check_bundle",
    "check_deposits",
    "claim_kind",
    "deposit",
    "deposits",
    "draft",
    "erase_listing",
    "erase_owner",
    "examine_material",
    "expiring",
    "get_case",
    "http_transport",
    "licence_for",
    "licences",
    "look_up",
    "note_moment",
    "open_case",
    "priority",
    "read_credentials",
    "read_roots",
    "redacted",
    "reduced_copy",
    "renew",
    "request",
    "revise",
    "revoke",
    "stamp",
    "success_rate",
    "verify_token",
]
