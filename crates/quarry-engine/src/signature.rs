//! Signatures of requests that come or go without a key: `t=<unix seconds>,v1=<hex>`, where `v1` is the HMAC-SHA256 of
//! `t`, a point and the body.
//!
//! The moment is part of what is signed, so that an old request cannot be passed off as a new one.

use hmac::{Hmac, KeyInit as _, Mac as _};
use quarry_core::{Secret, Timestamp};
use sha2::Sha256;

use crate::error::EngineError;

/// The header that carries a signature, in lower case.
pub const HEADER: &str = "x-quarry-signature";
/// Seconds that a request may be on its way, and that clocks may differ.
pub const TOLERANCE_SECONDS: i64 = 300;

/// The value of the header for a body that is sent now.
#[must_use]
pub fn sign(secret: &str, now: Timestamp, body: &[u8]) -> String {
    let moment = (now.micros() / 1_000_000).to_string();
    let signature = code(secret, &moment, body).map(|code| hex::encode(code.finalize().into_bytes()));
    format!("t={moment},v1={}", signature.unwrap_or_default())
}

/// The signature that a body carries, where it is right and of this moment. Several `v1` may stand in the header, as
/// while a secret is being replaced; one that is right is enough.
pub(crate) fn verify(secret: &str, header: &str, body: &[u8], now: Timestamp) -> Option<Vec<u8>> {
    let mut moment = None;
    let mut given = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", text) => moment = Some(text),
            ("v1", text) => given.push(hex::decode(text).ok()?),
            _ => {}
        }
    }
    let moment = moment?;
    let seconds: i64 = moment.parse().ok()?;
    let apart = (now.micros() / 1_000_000).saturating_sub(seconds);
    // Every signature is compared, and each comparison takes as long whatever it finds.
    let mut right = None;
    for signature in given {
        if code(secret, moment, body)?.verify_slice(&signature).is_ok() {
            right = Some(signature);
        }
    }
    right.filter(|_| apart.abs() <= TOLERANCE_SECONDS)
}

fn code(secret: &str, moment: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length will do.
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    code.update(moment.as_bytes());
    code.update(b".");
    code.update(body);
    Some(code)
}

/// A fresh secret.
pub(crate) fn secret(prefix: &str) -> Result<Secret, EngineError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|error| {
        EngineError::Task(format!("the operating system gives no random numbers for a secret: {error}"))
    })?;
    Ok(Secret::new(format!("{prefix}_{}", hex::encode(random))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use quarry_core::Timestamp;

    use super::{sign, verify};

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    #[test]
    fn a_known_body_has_a_known_signature() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let expected = "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
        let signed = sign("secret", NOW, b"{\"a\":1}");
        assert_eq!(signed, expected);
        assert!(verify("secret", &signed, b"{\"a\":1}", NOW).is_some());
    }

    #[test]
    fn what_was_changed_or_is_old_or_signed_by_another_is_refused() {
        let header = sign("secret", NOW, b"body");
        let right =
            |secret: &str, header: &str, body: &[u8], now| verify(secret, header, body, now).is_some();
        assert!(right("secret", &header, b"body", NOW.after(Duration::from_secs(300))));
        assert!(!right("secret", &header, b"body", NOW.after(Duration::from_secs(301))));
        assert!(right("secret", &header, b"body", Timestamp::from_micros(NOW.micros() - 300_000_000)));
        assert!(!right("secret", &header, b"body", Timestamp::from_micros(NOW.micros() - 301_000_000)));
        assert!(!right("secret", &header, b"bodY", NOW));
        assert!(!right("other", &header, b"body", NOW));
        assert!(!right("secret", &header.replace("t=17", "t=18"), b"body", NOW));
        let both = format!("{},v1={}", sign("other", NOW, b"body"), header.split("v1=").nth(1).unwrap());
        assert!(right("secret", &both, b"body", NOW), "one of two is enough");
        for nonsense in
            ["", "t=1", "v1=00", "t=x,v1=00", "t=1700000000,v1=", "t=1700000000,v1=zz", "a,b", "t=1700000000"]
        {
            assert!(!right("secret", nonsense, b"body", NOW), "{nonsense}");
        }
    }
}
