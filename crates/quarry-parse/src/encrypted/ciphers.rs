//! The hashes and the one cipher that Office documents are encrypted with.

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, BlockCipherDecrypt, KeyInit},
};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "SHA1" | "SHA-1" => Self::Sha1,
            "SHA256" | "SHA-256" => Self::Sha256,
            "SHA384" | "SHA-384" => Self::Sha384,
            "SHA512" | "SHA-512" => Self::Sha512,
            _ => return None,
        })
    }

    /// The hash of parts that follow each other.
    pub fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut hash = D::new();
            parts.iter().for_each(|part| hash.update(part));
            hash.finalize().to_vec()
        }
        match self {
            Self::Sha1 => digest::<Sha1>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha384 => digest::<Sha384>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
        }
    }
}

/// AES block by block.
pub(super) fn ecb(key: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    fn run<C: KeyInit + BlockCipherDecrypt>(key: &[u8], content: &[u8]) -> Option<Vec<u8>> {
        let cipher = C::new_from_slice(key).ok()?;
        let mut plain = Vec::with_capacity(content.len());
        for block in content.chunks_exact(16) {
            let mut block = Array::try_from(block).ok()?;
            cipher.decrypt_block(&mut block);
            plain.extend_from_slice(&block);
        }
        Some(plain)
    }
    match key.len() {
        16 => run::<Aes128>(key, content),
        24 => run::<Aes192>(key, content),
        32 => run::<Aes256>(key, content),
        _ => None,
    }
}

/// AES in a chain that begins with `start`.
pub(super) fn cbc(key: &[u8], start: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let mut plain = ecb(key, content)?;
    let before = std::iter::once(start.get(..16)?).chain(content.chunks_exact(16));
    for (block, before) in plain.chunks_exact_mut(16).zip(before) {
        block.iter_mut().zip(before).for_each(|(byte, other)| *byte ^= other);
    }
    Some(plain)
}
