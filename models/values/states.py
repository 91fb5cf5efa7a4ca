"""The states and choices of the business, by the codes that JSON, filters and files carry."""

from __future__ import annotations

from enum import StrEnum


class ItemKind(StrEnum):
    SERVICE = "service"
    SUBSCRIPTION = "subscription"
    PROJECT = "project"
    GOODS = "goods"


class CustomerKind(StrEnum):
    BUSINESS = "business"
    PERSON = "person"


class CustomerStatus(StrEnum):
    PROSPECT = "prospect"
    ACTIVE = "active"
    INACTIVE = "inactive"
    ARCHIVED = "archived"


class TaxTreatment(StrEnum):
    """India's seven GST and the UAE's seven VAT treatments (product.md), and a plain one for other countries."""

    REGISTERED_REGULAR = "registered_regular"
    REGISTERED_COMPOSITION = "registered_composition"
    UNREGISTERED = "unregistered"
    CONSUMER = "consumer"
    OVERSEAS = "overseas"
    SEZ = "sez"
    DEEMED_EXPORT = "deemed_export"
    VAT_REGISTERED = "vat_registered"
    NON_VAT_REGISTERED = "non_vat_registered"
    GCC_VAT_REGISTERED = "gcc_vat_registered"
    GCC_NON_VAT_REGISTERED = "gcc_non_vat_registered"
    NON_GCC = "non_gcc"
    VAT_REGISTERED_DESIGNATED_ZONE = "vat_registered_designated_zone"
    NON_VAT_REGISTERED_DESIGNATED_ZONE = "non_vat_registered_designated_zone"
    DOMESTIC = "domestic"
    FOREIGN = "foreign"


class Scheme(StrEnum):
    """How a company is registered for tax."""

    REGULAR = "regular"
    COMPOSITION = "composition"
    UNREGISTERED = "unregistered"


class TaxCategory(StrEnum):
    """UNCL 5305 codes as EN 16931 and PINT AE use them."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    OUT_OF_SCOPE = "O"
    REVERSE_CHARGE = "AE"


class SupplyType(StrEnum):
    """INV-01's SupTyp, and B2C, which India's portal does not take; other countries use B2B and B2C alone."""

    B2B = "B2B"
    B2C = "B2C"
    EXPORT_WITH_PAYMENT = "EXPWP"
    EXPORT_WITHOUT_PAYMENT = "EXPWOP"
    SEZ_WITH_PAYMENT = "SEZWP"
    SEZ_WITHOUT_PAYMENT = "SEZWOP"
    DEEMED_EXPORT = "DEXP"


class RoundingMode(StrEnum):
    LINE = "LINE"
    GROUP = "GROUP"


class StageType(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class ForecastCategory(StrEnum):
    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    COMMIT = "commit"
    CLOSED = "closed"
    OMITTED = "omitted"


class DocumentKind(StrEnum):
    ESTIMATE = "estimate"
    INVOICE = "invoice"


class DocumentState(StrEnum):
    """What is stored. What is shown after issue is derived from facts."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SUPERSEDED = "superseded"
    INVOICED = "invoiced"
    ISSUED = "issued"
    VOID = "void"


class PaymentState(StrEnum):
    DRAFT = "draft"
    RECEIVED = "received"
    CLEARED = "cleared"
    BOUNCED = "bounced"
    VOID = "void"


class PaymentMethod(StrEnum):
    CASH = "cash"
    BANK = "bank"
    CARD = "card"
    CHEQUE = "cheque"
    UPI = "upi"
    OTHER = "other"


class AccountType(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class AccountRole(StrEnum):
    """What a posting rule asks the chart for; each company's chart names one account for each."""

    RECEIVABLE = "receivable"
    BANK = "bank"
    CASH = "cash"
    SALES = "sales"
    TAX_OUTPUT = "tax_output"
    CGST_OUTPUT = "cgst_output"
    SGST_OUTPUT = "sgst_output"
    IGST_OUTPUT = "igst_output"
    CESS_OUTPUT = "cess_output"
    ROUNDING = "rounding"
    EXCHANGE = "exchange"
    CUSTOMER_CREDIT = "customer_credit"
    BAD_DEBT = "bad_debt"
    OPENING_BALANCE = "opening_balance"
    RETAINED_EARNINGS = "retained_earnings"


class Phase(StrEnum):
    """Rollout phases, switched on in this order (product.md 65)."""

    SALES = "sales"
    FINANCE = "finance"
    DELIVERY = "delivery"
    AUTOMATION = "automation"
