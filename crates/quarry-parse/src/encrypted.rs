//! Office documents with a password: an OLE container around an encrypted package.
//!
//! Two kinds are opened: "standard" of Office 2007 and "agile" of all later ones. Everything is checked against the
//! verifier that the document carries, so a wrong password is told from a broken file.

mod ciphers;

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use office_oxide::cfb::CfbReader;

use crate::{ParseError, budget::Budget, formats::attribute_of};
use ciphers::{Hash, cbc, ecb};

const LABEL: &str = "Office document";

/// What Office itself tries before it asks: documents that are only protected from changes have it.
const DEFAULT_PASSWORD: &str = "VelvetSweatshop";

/// Rounds of hashing in documents of the older kind.
const STANDARD_ROUNDS: u32 = 50_000;

/// The package inside.
pub(crate) fn open(bytes: &[u8], password: Option<&str>, budget: &Budget) -> Result<Vec<u8>, ParseError> {
    let damaged = |error: &dyn std::fmt::Display| ParseError::damaged(LABEL, error);
    // A container that only looks like one says at least what it is.
    let Ok(mut reader) = CfbReader::new(Cursor::new(bytes)) else {
        return Err(ParseError::encrypted(LABEL, None));
    };
    let Ok(info) = reader.open_stream("EncryptionInfo") else {
        return Err(ParseError::encrypted(LABEL, None));
    };
    let package = reader.open_stream("EncryptedPackage").map_err(|error| damaged(&error))?;
    let password: Vec<u8> =
        password.unwrap_or(DEFAULT_PASSWORD).encode_utf16().flat_map(u16::to_le_bytes).collect();
    budget.take_rounds(rounds_of(&info))?;
    let found = match info.get(2..4) {
        Some([4, 0]) => agile(&info, &package, &password),
        Some([2, 0]) => standard(&info, &package, &password),
        _ => return Err(ParseError::encrypted(LABEL, None)),
    };
    match found {
        Some(Opened::Package(package)) => Ok(package),
        Some(Opened::WrongPassword) => Err(Opened::refusal(password_given(&password))),
        None => Err(damaged(&"its encryption cannot be read")),
    }
}

/// How many rounds of hashing a document asks for.
fn rounds_of(info: &[u8]) -> u32 {
    if info.get(2..4) != Some(&[4, 0]) {
        return STANDARD_ROUNDS;
    }
    let text = String::from_utf8_lossy(info.get(8..).unwrap_or_default());
    attribute_of(&text, "encryptedKey", "spinCount").and_then(|count| count.parse().ok()).unwrap_or_default()
}

fn password_given(password: &[u8]) -> bool {
    let default: Vec<u8> = DEFAULT_PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    password != default
}

enum Opened {
    Package(Vec<u8>),
    WrongPassword,
}

impl Opened {
    fn refusal(given: bool) -> ParseError {
        ParseError::encrypted(LABEL, given.then_some(""))
    }
}

/// The key of a password: hashed with salt and then again and again.
fn stretched(hash: Hash, salt: &[u8], password: &[u8], rounds: u32) -> Vec<u8> {
    let mut digest = hash.of(&[salt, password]);
    for round in 0..rounds {
        digest = hash.of(&[&round.to_le_bytes(), &digest]);
    }
    digest
}

/// AES in single blocks with a key from SHA-1.
fn standard(info: &[u8], package: &[u8], password: &[u8]) -> Option<Opened> {
    let number = |at: usize| Some(u32::from_le_bytes(info.get(at..at + 4)?.try_into().ok()?));
    let header_length = usize::try_from(number(8)?).ok()?;
    let key_bits = number(12 + 16)?;
    let key_length = match key_bits {
        0 | 128 => 16,
        192 => 24,
        256 => 32,
        _ => return None,
    };
    let verifier = info.get(12_usize.checked_add(header_length)?..)?;
    let (salt, input) = (verifier.get(4..20)?, verifier.get(20..36)?);
    let expected = verifier.get(40..72)?;
    let digest = stretched(Hash::Sha1, salt, password, STANDARD_ROUNDS);
    let last = Hash::Sha1.of(&[&digest, &[0; 4]]);
    let half = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(&last).for_each(|(slot, byte)| *slot ^= byte);
        Hash::Sha1.of(&[&block])
    };
    let key = [half(0x36), half(0x5c)].concat();
    let key = key.get(..key_length)?;
    let (input, expected) = (ecb(key, input)?, ecb(key, expected)?);
    if Hash::Sha1.of(&[&input]).as_slice() != expected.get(..20)? {
        return Some(Opened::WrongPassword);
    }
    let content = package.get(8..)?;
    let whole = content.get(..content.len() / 16 * 16)?;
    Some(Opened::Package(cut(ecb(key, whole)?, package)?))
}

/// AES in chains of 4,096 bytes, with keys that the document describes in XML.
fn agile(info: &[u8], package: &[u8], password: &[u8]) -> Option<Opened> {
    let text = String::from_utf8_lossy(info.get(8..)?);
    let data = Key::read(&text, "keyData")?;
    let key = Key::read(&text, "encryptedKey")?;
    let digest = stretched(key.hash, &key.salt, password, key.rounds);
    let part = |block: &[u8], name: &str| {
        let mut derived = key.hash.of(&[&digest, block]);
        derived.resize(key.length, 0x36);
        let value = STANDARD.decode(attribute_of(&text, "encryptedKey", name)?).ok()?;
        cbc(&derived, &key.salt, &value)
    };
    let input = part(&[0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79], "encryptedVerifierHashInput")?;
    let expected = part(&[0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e], "encryptedVerifierHashValue")?;
    let found = key.hash.of(&[input.get(..key.salt.len()).unwrap_or(&input)]);
    if expected.get(..found.len())? != found.as_slice() {
        return Some(Opened::WrongPassword);
    }
    let secret = part(&[0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6], "encryptedKeyValue")?;
    let secret = secret.get(..key.length)?;
    let content = package.get(8..)?;
    let mut plain = Vec::with_capacity(content.len());
    for (index, segment) in (0_u32..).zip(content.chunks(4_096)) {
        let start = data.hash.of(&[&data.salt, &index.to_le_bytes()]);
        let whole = segment.get(..segment.len() / 16 * 16)?;
        plain.extend(cbc(secret, &start, whole)?);
    }
    Some(Opened::Package(cut(plain, package)?))
}

/// The package without the bytes that fill its last block.
fn cut(mut plain: Vec<u8>, package: &[u8]) -> Option<Vec<u8>> {
    let size = u64::from_le_bytes(package.get(..8)?.try_into().ok()?);
    plain.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    Some(plain)
}

/// How a key is made.
struct Key {
    salt: Vec<u8>,
    hash: Hash,
    rounds: u32,
    length: usize,
}

impl Key {
    fn read(text: &str, element: &str) -> Option<Self> {
        let value = |name: &str| attribute_of(text, element, name);
        let bits: usize = value("keyBits")?.parse().ok()?;
        let rounds: u32 = value("spinCount").map_or(Some(0), |count| count.parse().ok())?;
        let usable = matches!(bits, 128 | 192 | 256)
            && value("cipherAlgorithm")? == "AES"
            && value("cipherChaining")? == "ChainingModeCBC";
        let hash = Hash::by_name(&value("hashAlgorithm")?)?;
        let salt = STANDARD.decode(value("saltValue")?).ok()?;
        usable.then_some(Self { salt, hash, rounds, length: bits / 8 })
    }
}
