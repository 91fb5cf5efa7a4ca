"""Estimate: an offer. It posts nothing and becomes an invoice."""

from models.values.states import DocumentKind
from services.billing.kinds.kind import Kind

ESTIMATE = Kind(DocumentKind.ESTIMATE, "estimate", becomes=(DocumentKind.INVOICE,))
