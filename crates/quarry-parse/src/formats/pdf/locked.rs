//! Whether an encrypted file opens for everybody, or only for this reader's leniency.

use pdf_oxide::{PdfDocument, encryption::EncryptionHandler, object::Object};

use super::info::dictionary;

/// Whether the empty password is the one that readers of the file have. Some producers leave the owner's password
/// empty, which `pdf_oxide` tries as well: such a file would open for anybody, though its author gave it a password
/// and every viewer asks for it.
pub(super) fn opens_for_all(document: &PdfDocument) -> bool {
    const OWNERS_KEY: usize = 48;
    let Some(mut lock) =
        document.trailer().as_dict().and_then(|trailer| dictionary(document, trailer.get("Encrypt")?))
    else {
        return true;
    };
    for value in lock.values_mut() {
        if let Ok(resolved) = document.resolve_object(value) {
            *value = resolved;
        }
    }
    // Before revision 5 the key of readers is made from the owner's, which then cannot be left out.
    if lock.get("R").and_then(Object::as_integer).is_none_or(|revision| revision < 5) {
        return true;
    }
    lock.insert("O".to_owned(), Object::String(vec![0; OWNERS_KEY]));
    let handler = EncryptionHandler::new(&Object::Dictionary(lock), Vec::new());
    handler.is_ok_and(|mut handler| handler.authenticate(b"").unwrap_or(false))
}
