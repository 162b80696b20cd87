//! What a key looks like: `qk_` and 64 hexadecimal digits, of which the first eight are its public prefix.
//!
//! The prefix finds the row; the hash of the whole is compared in constant time. 224 random bits are left to be guessed.

use quarry_core::Secret;
use sha2::{Digest, Sha256};

use crate::error::EngineError;

const SCHEME: &str = "qk_";
/// Characters of a key that may be shown.
const PREFIX: usize = SCHEME.len() + 8;
const LENGTH: usize = SCHEME.len() + 64;

/// A key as it is shown once and sent ever after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretKey(Secret);

impl SecretKey {
    /// A fresh one.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn make() -> Result<Self, EngineError> {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|error| {
            EngineError::Task(format!("the operating system gives no random numbers: {error}"))
        })?;
        Ok(Self(Secret::new(format!("{SCHEME}{}", hex::encode(random)))))
    }

    /// A text that has the shape of a key.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(SCHEME)?;
        let shaped = text.len() == LENGTH && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        shaped.then(|| Self(Secret::new(text)))
    }

    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The part by which it is known.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.expose().get(..PREFIX).unwrap_or_default()
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.expose().as_bytes()).into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::SecretKey;

    #[test]
    fn a_key_is_read_as_it_was_made_and_nothing_else_is_one() {
        let key = SecretKey::make().unwrap();
        assert_eq!(SecretKey::read(key.expose()), Some(key.clone()));
        assert_eq!(key.prefix().len(), 11);
        assert!(!format!("{key:?}").contains(key.expose()));
        let short = &key.expose()[..66];
        for not in
            ["", "qk_", short, &format!("{short}g"), &format!("{short}aa"), &format!("sk_{}", "a".repeat(64))]
        {
            assert_eq!(SecretKey::read(not), None, "{not}");
        }
    }
}
