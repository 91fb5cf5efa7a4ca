"""Every kind of document that the business writes. Add yours to the tuple."""

from models.values.states import DocumentKind
from services.billing.kinds.estimate import ESTIMATE
from services.billing.kinds.invoice import INVOICE
from services.billing.kinds.kind import Kind

KINDS: dict[DocumentKind, Kind] = {kind.kind: kind for kind in (ESTIMATE, INVOICE)}
