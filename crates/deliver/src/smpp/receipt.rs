//! What a receipt says about which message.

use super::pdu::Deliver;
use outbox::Receipt;

/// The kind of message in `esm_class` that is a receipt (SMPP 3.4, 5.2.12).
const KIND: u8 = 0b0011_1100;
const IS_RECEIPT: u8 = 0b0000_0100;

/// The name of a message, and what became of it. None if this is no receipt. `Some(None)` if it is one that says nothing
/// final yet: the message is on its way.
pub fn read_receipt(deliver: &Deliver) -> Option<Option<(String, Receipt)>> {
    if deliver.esm_class & KIND != IS_RECEIPT {
        return None;
    }
    // The form of the text is a custom that nearly every gateway keeps (SMPP 3.4, appendix B).
    let text = String::from_utf8_lossy(&deliver.message).into_owned();
    let field = |name: &str| {
        let lower = text.to_ascii_lowercase();
        let at =
            lower.find(name).filter(|at| *at == 0 || !lower.as_bytes()[at - 1].is_ascii_alphanumeric())?;
        text.get(at + name.len()..)?.split_whitespace().next().map(str::to_owned)
    };
    let id = deliver.receipted.clone().filter(|id| !id.is_empty()).or_else(|| field("id:"))?;
    let stated = field("stat:").unwrap_or_default().to_ascii_uppercase();
    let error = field("err:").filter(|error| error.bytes().any(|b| b != b'0'));
    let reason = |state: &str| match &error {
        Some(error) => format!("{state}, error {error}"),
        None => state.to_owned(),
    };
    let failed = |state: &str| Some(Receipt::Failed { reason: reason(state) });
    let receipt = match (deliver.state, stated.as_str()) {
        (Some(2), _) | (None, "DELIVRD" | "DELIVERED" | "ACCEPTD") => Some(Receipt::Delivered),
        (Some(3), _) | (None, "EXPIRED") => failed("expired"),
        (Some(4), _) | (None, "DELETED") => failed("deleted"),
        (Some(5), _) | (None, "UNDELIV") => failed("could not be delivered"),
        (Some(8), _) | (None, "REJECTD") => failed("rejected"),
        (Some(7), _) | (None, "UNKNOWN") => failed("unknown"),
        _ => None,
    };
    Some(receipt.map(|receipt| (id, receipt)))
}
