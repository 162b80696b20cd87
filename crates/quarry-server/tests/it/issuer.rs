//! An issuer of tokens of one's own: what it signs with, and the server that gives out its keys and counts how often.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use parking_lot::Mutex;
use ring::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Whoever signs.
pub enum Signer {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Secret(Vec<u8>),
    /// Writes nothing where the signature stands.
    Nobody,
}

impl Signer {
    /// One of the two RSA keys of the tests; making one takes seconds.
    pub fn rsa(which: usize) -> Self {
        let pem = [include_str!("keys/test-only-rsa-1.pem"), include_str!("keys/test-only-rsa-2.pem")][which];
        let inside = pem.split("-----").nth(2).unwrap();
        let der = STANDARD.decode(inside.split_whitespace().collect::<String>()).unwrap();
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).unwrap()))
    }

    /// A fresh key on P-256.
    pub fn ec() -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self::Ec(Box::new(EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).unwrap()))
    }

    pub fn secret(secret: &str) -> Self {
        Self::Secret(secret.as_bytes().to_vec())
    }

    /// The public key as its issuer gives it out.
    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let parts = rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": encoded(&parts.n), "e": encoded(&parts.e)})
            }
            Self::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": encoded(x), "y": encoded(y)})
            }
            _ => panic!("there is no public key"),
        }
    }

    /// The public key in the format that RSA has of its own.
    pub fn public_der(&self) -> Vec<u8> {
        let Self::Rsa(pair) = self else { panic!("only of RSA") };
        pair.public().as_ref().to_vec()
    }

    /// A token with this header and these claims, whatever they say.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        format!("{signed}.{}", encoded(self.sign(signed.as_bytes())))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Nobody => Vec::new(),
        }
    }
}

pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A server that gives out keys.
#[derive(Clone)]
pub struct KeyServer {
    pub address: SocketAddr,
    answers: Arc<Answers>,
}

#[derive(Default)]
struct Answers {
    /// None while the server is out of order.
    keys: Mutex<Option<Value>>,
    discovery: Mutex<Value>,
    asked: AtomicUsize,
}

impl KeyServer {
    pub async fn start(keys: Vec<Value>) -> Self {
        let answers = Arc::new(Answers::default());
        let router = Router::new()
            .route("/keys", get(keys_of))
            .route("/.well-known/openid-configuration", get(discovery_of))
            .with_state(Arc::clone(&answers));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let server = Self { address, answers };
        server.give_out(keys);
        server.describe(json!({"issuer": server.base(), "jwks_uri": server.keys_url()}));
        server
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn keys_url(&self) -> String {
        format!("{}/keys", self.base())
    }

    /// From now on these are the keys.
    pub fn give_out(&self, keys: Vec<Value>) {
        *self.answers.keys.lock() = Some(json!({ "keys": keys }));
    }

    /// From now on nobody gets any.
    pub fn break_down(&self) {
        *self.answers.keys.lock() = None;
    }

    /// From now on the issuer says this of itself.
    pub fn describe(&self, discovery: Value) {
        *self.answers.discovery.lock() = discovery;
    }

    /// How often the keys were asked for.
    pub fn asked(&self) -> usize {
        self.answers.asked.load(Ordering::SeqCst)
    }
}

async fn keys_of(State(answers): State<Arc<Answers>>) -> Response {
    answers.asked.fetch_add(1, Ordering::SeqCst);
    match &*answers.keys.lock() {
        Some(keys) => keys.to_string().into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn discovery_of(State(answers): State<Arc<Answers>>) -> String {
    answers.discovery.lock().to_string()
}
