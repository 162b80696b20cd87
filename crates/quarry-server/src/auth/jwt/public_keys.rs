//! The public keys of an issuer, and which of them may have signed what.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use super::settings::Algorithm;

/// Keys of one issuer that are looked at; a few are usual.
const MOST: usize = 64;
/// The smallest and largest RSA modulus in bytes.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1_024;

/// A key that can check signatures of one algorithm.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    kid: Option<String>,
    material: Material,
}

#[derive(Debug, PartialEq, Eq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point as it is written uncompressed.
    P256(Vec<u8>),
}

/// An issuer's keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PublicKeys(Vec<PublicKey>);

/// A key as an issuer publishes it (RFC 7517).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

impl PublicKeys {
    /// The keys of a set that are of use here; none when it holds no such key. Keys of other kinds are passed over, since
    /// issuers publish what they sign and encrypt other things with.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let set: Jwks = serde_json::from_slice(json).ok()?;
        let read = |key| serde_json::from_value::<Jwk>(key).ok().and_then(PublicKey::of);
        let keys: Vec<PublicKey> = set.keys.into_iter().take(MOST).filter_map(read).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys that may have signed a token: those of its key's name and its algorithm's kind. A token that names no key can
    /// be of a lone key only.
    pub(super) fn fitting(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<&PublicKey> {
        let of_kind = self.0.iter().filter(|key| key.algorithm() == algorithm);
        match kid {
            Some(kid) => of_kind.filter(|key| key.kid.as_deref() == Some(kid)).collect(),
            None => {
                let all: Vec<_> = of_kind.collect();
                if all.len() == 1 { all } else { Vec::new() }
            }
        }
    }
}

impl PublicKey {
    fn of(jwk: Jwk) -> Option<Self> {
        let signs = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && jwk.key_ops.as_ref().is_none_or(|uses| uses.iter().any(|one| one == "verify"));
        let material = match jwk.kty.as_str() {
            "RSA" => {
                let modulus = number(jwk.n.as_deref()?)?;
                let exponent = number(jwk.e.as_deref()?)?;
                if !MODULUS.contains(&modulus.len()) {
                    return None;
                }
                Material::Rsa { modulus, exponent }
            }
            "EC" if jwk.crv.as_deref() == Some("P-256") => {
                let (x, y) = (coordinate(jwk.x.as_deref()?)?, coordinate(jwk.y.as_deref()?)?);
                Material::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            _ => return None,
        };
        let key = Self { kid: jwk.kid, material };
        let fits = jwk.alg.is_none_or(|named| named == key.algorithm().as_str());
        (signs && fits).then_some(key)
    }

    /// What it can check. A key of one kind is never used for another, whatever a token says.
    const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
        }
    }

    /// Whether it signed this.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

/// A whole number without the zeros that some write before it.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let from = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(from..).map(<[u8]>::to_vec)
}

fn coordinate(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(keys: &Value) -> Option<PublicKeys> {
        PublicKeys::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    fn rsa(kid: &str) -> Value {
        json!({"kty": "RSA", "kid": kid, "n": URL_SAFE_NO_PAD.encode([0xAB; 256]), "e": "AQAB"})
    }

    fn point(kid: &str) -> Value {
        let half = URL_SAFE_NO_PAD.encode([7; 32]);
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": half, "y": half})
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    #[test]
    fn a_key_serves_its_own_algorithm_only() {
        let keys = set(&json!([rsa("r"), point("e")])).unwrap();
        for (kid, algorithm, found) in [
            (Some("r"), Algorithm::Rs256, 1),
            (Some("r"), Algorithm::Es256, 0),
            (Some("r"), Algorithm::Hs256, 0),
            (Some("e"), Algorithm::Es256, 1),
            (Some("e"), Algorithm::Rs256, 0),
            (Some("x"), Algorithm::Rs256, 0),
            (Some(""), Algorithm::Rs256, 0),
            (None, Algorithm::Rs256, 1),
            (None, Algorithm::Hs256, 0),
        ] {
            assert_eq!(keys.fitting(kid, algorithm).len(), found, "{kid:?} {algorithm:?}");
        }
        let two = set(&json!([rsa("a"), rsa("b")])).unwrap();
        assert!(two.fitting(None, Algorithm::Rs256).is_empty(), "which one signed is not for us to guess");
    }

    #[test]
    fn keys_for_other_uses_are_passed_over() {
        let useless = [
            json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0"}),
            with(rsa("a"), "use", json!("enc")),
            with(rsa("a"), "alg", json!("RS512")),
            with(rsa("a"), "alg", json!("ES256")),
            with(rsa("a"), "alg", json!("HS256")),
            with(rsa("a"), "key_ops", json!(["encrypt"])),
            with(rsa("a"), "n", json!(URL_SAFE_NO_PAD.encode([1; 128]))),
            with(rsa("a"), "n", json!("***")),
            with(rsa("a"), "e", Value::Null),
            with(point("a"), "crv", json!("P-521")),
            with(point("a"), "x", json!("AQAB")),
            json!("key"),
        ];
        for key in useless {
            assert_eq!(set(&json!([key])), None, "{key}");
            assert_eq!(set(&json!([key, rsa("b")])).map(|keys| keys.len()), Some(1), "{key}");
        }
        let fine = with(with(rsa("a"), "use", json!("sig")), "alg", json!("RS256"));
        assert_eq!(set(&json!([fine])).map(|keys| keys.len()), Some(1));
        assert_eq!(PublicKeys::read(b"<html>"), None);
    }
}
