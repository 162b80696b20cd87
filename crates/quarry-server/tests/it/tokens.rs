//! Tokens that issuers signed: who is let in by them, and everything that must not let anybody in.

use std::{sync::Arc, time::Duration};

use quarry_core::{Timestamp, clock::ManualClock};
use quarry_server::{
    LimitsSettings,
    auth::{AuthSettings, Tokens},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::{KEY, Reply, Setup, TestApp},
    issuer::{KeyServer, Signer, encoded},
};

const ISSUER: &str = "https://login.example";
const NOW: i64 = 1_800_000_000;
const CHALLENGE: &str = "Bearer realm=\"quarry\", error=\"invalid_token\"";
/// What everybody reads who cannot sign.
const NOT_SIGNED: &str = "the token is not one that an issuer of this server signed";

struct World {
    app: TestApp,
    clock: Arc<ManualClock>,
}

/// A server that takes tokens of these issuers.
async fn taking(issuers: Value) -> World {
    let settings: AuthSettings = serde_json::from_value(json!({ "jwt": issuers })).unwrap();
    assert!(settings.problems().is_empty(), "{:?}", settings.problems());
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(NOW * 1_000_000)));
    let tokens = Tokens::with_clock(&settings, Arc::<ManualClock>::clone(&clock)).unwrap();
    // So many wrong credentials of one address would be kept out before they are looked at.
    let limits = LimitsSettings { enabled: false, ..LimitsSettings::default() };
    World { app: TestApp::set_up(Setup { tokens, limits, ..Setup::default() }).await, clock }
}

/// The settings of an issuer with a key server.
fn corp(keys: &KeyServer, more: Value) -> Value {
    let mut settings = json!({
        "issuer": ISSUER,
        "audiences": ["quarry"],
        "jwks_url": keys.keys_url(),
        "default_tenant": "root",
        "roles_claim": "roles",
        "role_map": {"readers": "reader", "admins": "admin"},
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn claims(more: Value) -> Value {
    let mut claims =
        json!({"iss": ISSUER, "aud": "quarry", "sub": "ada", "exp": NOW + 36_000, "roles": ["readers"]});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims(json!({}));
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn rs256(kid: &str) -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": kid})
}

fn es256(kid: &str) -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": kid})
}

impl World {
    async fn ask(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Reply {
        let ask = self.app.anonymous.ask(method, path).header("authorization", &format!("Bearer {token}"));
        match body {
            Some(body) => ask.json(&body).send().await,
            None => ask.send().await,
        }
    }

    async fn get(&self, token: &str) -> Reply {
        self.ask("GET", "/v1/collections", token, None).await
    }

    async fn make(&self, token: &str, name: &str) -> Reply {
        self.ask("POST", "/v1/collections", token, Some(json!({ "name": name }))).await
    }

    /// The sentence with which a token is refused.
    async fn refused(&self, token: &str) -> String {
        let reply = self.get(token).await;
        assert_eq!(reply.header("www-authenticate"), CHALLENGE, "{token}: {}", reply.text());
        reply.problem(401, "invalid_token")["detail"].as_str().unwrap().to_owned()
    }

    /// What comes back for a request with these lines in its head, whatever a client library would make of them.
    async fn raw(&self, lines: &str) -> String {
        let mut stream = TcpStream::connect(self.app.address).await.unwrap();
        let head =
            format!("GET /v1/collections HTTP/1.1\r\nhost: quarry\r\nconnection: close\r\n{lines}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        String::from_utf8(all).unwrap()
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn a_token_lets_its_person_in_as_what_its_roles_are_mapped_to() {
    let (rsa, ec) = (Signer::rsa(0), Signer::ec());
    let keys = KeyServer::start(vec![rsa.jwk("r"), ec.jwk("e")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({}))})).await;
    for (signer, header) in [(&rsa, rs256("r")), (&ec, es256("e"))] {
        let reader = signer.token(&header, &claims(json!({})));
        world.get(&reader).await.expect(200);
        world.make(&reader, "theirs").await.problem(403, "forbidden");
    }
    let admin =
        rsa.token(&rs256("r"), &claims(json!({"roles": ["something", "admins"], "aud": ["a", "quarry"]})));
    world.make(&admin, "made").await.expect(201);
    // A role that is not mapped is none, whatever it is called; a wide thing needs one.
    let owner = rsa.token(&rs256("r"), &claims(json!({"roles": ["owner", "Admins", "*"]})));
    world.make(&owner, "more").await.problem(403, "forbidden");
    world.ask("GET", "/v1/collections/made", &owner, None).await.problem(404, "collection_not_found");
    // One kind of key is there once, so that a token need not name it.
    world.get(&ec.token(&json!({"alg": "ES256"}), &claims(json!({})))).await.expect(200);
    // Keys go on to be taken, and who shows nothing is told what to show.
    world.app.admin.get("/v1/collections").await.expect(200);
    let nothing = world.app.anonymous.get("/v1/collections").await;
    assert_eq!(nothing.header("www-authenticate"), "Bearer realm=\"quarry\"");
    nothing.problem(401, "unauthenticated");
    assert_eq!(keys.asked(), 1);
    world.app.stopped().await;
}

/// Tokens that somebody changed, or signed with what is not theirs to sign with.
fn changed(rsa: &Signer, strange: &Signer, good: &str) -> Vec<String> {
    let fine = claims(json!({}));
    let (head, tail) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let raised = encoded(claims(json!({"roles": ["admins"]})).to_string());
    vec![
        // Unsigned.
        Signer::Nobody.token(&json!({"alg": "none"}), &fine),
        Signer::Nobody.token(&json!({"alg": "nOnE", "kid": "r"}), &fine),
        rsa.token(&json!({"alg": "none", "kid": "r"}), &fine),
        Signer::Nobody.token(&rs256("r"), &fine),
        format!("{head}.{}", &tail[..tail.len() - 8]),
        // Signed, then changed.
        format!("{header}.{raised}.{tail}"),
        format!("{head}.{}", encoded([0; 256])),
        // Signed by somebody else.
        strange.token(&rs256("r"), &fine),
        Signer::ec().token(&es256("e"), &fine),
    ]
}

/// Tokens that would have a key taken for another, or for theirs.
fn confusing(rsa: &Signer, ec: &Signer, strange: &Signer, evil: &KeyServer) -> Vec<String> {
    let fine = claims(json!({}));
    let pem = format!(
        "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
        encoded(rsa.public_der())
    );
    let with = |name: &str, value: Value| {
        let mut header = rs256("x");
        header[name] = value;
        header
    };
    vec![
        // One kind of key as another, and the public key as a secret.
        rsa.token(&es256("r"), &fine),
        rsa.token(&es256("e"), &fine),
        ec.token(&rs256("r"), &fine),
        ec.token(&rs256("e"), &fine),
        Signer::Secret(rsa.public_der()).token(&json!({"alg": "HS256", "kid": "r"}), &fine),
        Signer::secret(&pem).token(&json!({"alg": "HS256", "kid": "r"}), &fine),
        Signer::secret(&rsa.jwk("r").to_string()).token(&json!({"alg": "HS256", "kid": "r"}), &fine),
        Signer::secret("").token(&json!({"alg": "HS256"}), &fine),
        rsa.token(&json!({"alg": "RS512", "kid": "r"}), &fine),
        // A key of the token's own choice.
        strange.token(&with("jwk", strange.jwk("x")), &fine),
        strange.token(&with("jku", json!(evil.keys_url())), &fine),
        strange.token(&with("x5u", json!(evil.keys_url())), &fine),
        strange.token(&with("x5c", json!([encoded(strange.public_der())])), &fine),
        // Which of two keys is not guessed.
        rsa.token(&json!({"alg": "RS256"}), &fine),
        // Something that would have to be understood, and a token for something else.
        rsa.token(&json!({"alg": "RS256", "kid": "r", "crit": ["exp"]}), &fine),
        rsa.token(&json!({"alg": "RS256", "kid": "r", "b64": false, "crit": ["b64"]}), &fine),
        rsa.token(&json!({"alg": "RS256", "kid": "r", "typ": "logout+jwt"}), &fine),
        // Of another issuer, or of none.
        rsa.token(&rs256("r"), &claims(json!({"iss": "https://login.example/"}))),
        rsa.token(&rs256("r"), &claims(json!({"iss": evil.base()}))),
        rsa.token(&rs256("r"), &claims(json!({"iss": [ISSUER]}))),
        rsa.token(&rs256("r"), &without("iss")),
    ]
}

/// Tokens whose keys have names that lead somewhere.
fn misnamed(strange: &Signer, evil: &KeyServer) -> Vec<String> {
    let fine = claims(json!({}));
    let mut forged = Vec::new();
    for kid in [
        "unknown",
        "",
        "/dev/null",
        "../../../../dev/null",
        "file:///dev/null",
        &evil.keys_url(),
        "r' OR '1'='1",
        "r|/usr/bin/true",
        "r\u{0}",
    ] {
        forged.push(strange.token(&rs256(kid), &fine));
        forged.push(Signer::secret("").token(&json!({"alg": "HS256", "kid": kid}), &fine));
    }
    forged
}

#[tokio::test]
async fn nothing_but_a_right_signature_opens() {
    let (rsa, ec, strange) = (Signer::rsa(0), Signer::ec(), Signer::rsa(1));
    let keys = KeyServer::start(vec![rsa.jwk("r"), rsa.jwk("r2"), ec.jwk("e")]).await;
    let evil = KeyServer::start(vec![strange.jwk("r"), strange.jwk("x")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({}))})).await;
    let good = rsa.token(&rs256("r"), &claims(json!({})));
    world.get(&good).await.expect(200);
    let mut forged = changed(&rsa, &strange, &good);
    forged.extend(confusing(&rsa, &ec, &strange, &evil));
    forged.extend(misnamed(&strange, &evil));
    for token in forged {
        let said = world.refused(&token).await;
        assert!(said.starts_with(NOT_SIGNED), "{token}: {said}");
    }
    assert_eq!((keys.asked(), evil.asked()), (1, 0));
    world.get(&good).await.expect(200);
    world.app.stopped().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_signed_token_is_told() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({"max_age_seconds": 7_200}))})).await;
    let issued = || json!({"iat": NOW});
    let with = |name: &str, value: Value| {
        let mut claims = claims(issued());
        claims[name] = value;
        claims
    };
    let sign = |claims: &Value| rsa.token(&rs256("r"), claims);
    world.get(&sign(&claims(issued()))).await.expect(200);
    world.get(&sign(&with("exp", json!(NOW - 59)))).await.expect(200);
    world.get(&sign(&with("nbf", json!(NOW + 59)))).await.expect(200);
    for (claims, said) in [
        (with("exp", json!(NOW - 60)), "the token has expired"),
        (with("exp", json!("2040-01-01")), "claim `exp`"),
        (with("exp", Value::Null), "claim `exp`"),
        (with("nbf", json!(NOW + 61)), "not valid yet"),
        (with("iat", json!(NOW + 61)), "not valid yet"),
        (with("iat", json!(NOW - 7_260)), "longer ago"),
        (claims(json!({})), "claim `iat`"),
        (with("aud", json!("another")), "another program"),
        (with("aud", json!(["another"])), "another program"),
        (with("aud", Value::Null), "another program"),
        (with("sub", json!("")), "claim `sub`"),
        (with("sub", json!("a b")), "claim `sub`"),
        (with("sub", json!("a\nb")), "claim `sub`"),
        (with("sub", json!("x".repeat(300))), "claim `sub`"),
        (with("sub", json!({"id": 1})), "claim `sub`"),
    ] {
        let detail = world.refused(&sign(&claims)).await;
        assert!(detail.contains(said), "{claims}: {detail}");
    }
    for (name, said) in [("exp", "claim `exp`"), ("sub", "claim `sub`"), ("aud", "another program")] {
        let mut claims = without(name);
        claims["iat"] = json!(NOW);
        let detail = world.refused(&sign(&claims)).await;
        assert!(detail.contains(said), "{name}: {detail}");
    }
    // An expired token with a wrong signature does not learn that it has expired.
    let said = world.refused(&Signer::rsa(1).token(&rs256("r"), &with("exp", json!(NOW - 60)))).await;
    assert!(said.starts_with(NOT_SIGNED), "{said}");
    // A token that was taken ends all the same.
    let short = sign(&with("exp", json!(NOW - 50)));
    world.get(&short).await.expect(200);
    world.later(10);
    assert!(world.refused(&short).await.contains("has expired"));
    world.app.stopped().await;
}

#[tokio::test]
async fn heads_that_are_not_quite_right_open_nothing() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({}))})).await;
    let good = rsa.token(&rs256("r"), &claims(json!({})));
    let line = |value: &str| format!("authorization: {value}\r\n");
    let taken = world.raw(&line(&format!("bearer   {good}  "))).await;
    assert!(taken.starts_with("HTTP/1.1 200"), "{taken}");

    let (head, tail) = good.split_at(good.len() / 2);
    for value in [
        format!("Bearer {head} {tail}"),
        format!("Bearer {head}\t{tail}"),
        format!("Bearer {good}="),
        format!("Bearer {good}."),
        format!("Bearer {good}, {good}"),
        format!("Basic {good}"),
        format!("Bearer \"{good}\""),
        good.clone(),
    ] {
        let answer = world.raw(&line(&value)).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{value}: {answer}");
        assert!(answer.contains("www-authenticate: Bearer realm=\"quarry\""), "{value}: {answer}");
    }
    // A line that goes on in the next one is no HTTP any more.
    let folded = world.raw(&line(&format!("Bearer {head}\r\n {tail}"))).await;
    assert!(!folded.starts_with("HTTP/1.1 200"), "{folded}");
    for twice in [
        line(&format!("Bearer {good}")) + &line(&format!("Bearer {good}")),
        line(&format!("Bearer {good}")) + &line(&format!("Bearer {KEY}")),
        line(&format!("Bearer {KEY}")) + &line("Bearer eyJh.eyJi.c"),
    ] {
        let answer = world.raw(&twice).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{twice}: {answer}");
    }
    // Where keys go, tokens do not.
    let key = world.raw(&format!("x-api-key: {good}\r\n")).await;
    assert!(key.starts_with("HTTP/1.1 401"), "{key}");

    let long = rsa.token(&rs256("r"), &claims(json!({"padding": "x".repeat(8 * 1024)})));
    assert!(world.refused(&long).await.contains("8 KiB"));
    world.app.stopped().await;
}

#[tokio::test]
async fn new_keys_are_found_and_old_ones_forgotten() {
    let (old, new) = (Signer::rsa(0), Signer::rsa(1));
    let keys = KeyServer::start(vec![old.jwk("old")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({"retry_seconds": 10}))})).await;
    let of = |signer: &Signer, kid: &str, id: u32| signer.token(&rs256(kid), &claims(json!({"jti": id})));
    world.get(&of(&old, "old", 1)).await.expect(200);
    keys.give_out(vec![new.jwk("new")]);
    // Too soon to ask again.
    world.later(9);
    assert!(world.refused(&of(&new, "new", 1)).await.starts_with(NOT_SIGNED));
    world.get(&of(&old, "old", 2)).await.expect(200);
    assert_eq!(keys.asked(), 1);
    world.later(1);
    world.get(&of(&new, "new", 1)).await.expect(200);
    assert_eq!(keys.asked(), 2);
    assert!(world.refused(&of(&old, "old", 3)).await.starts_with(NOT_SIGNED));
    // The same name for another key is not enough.
    assert!(world.refused(&of(&old, "new", 3)).await.starts_with(NOT_SIGNED));
    assert_eq!(keys.asked(), 2);
    world.app.stopped().await;
}

#[tokio::test]
async fn known_keys_stay_when_their_server_is_down() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({}))})).await;
    let mut id = 0;
    // A new one each time, since the keys are not asked about one that is remembered.
    let mut token = || {
        id += 1;
        rsa.token(&rs256("r"), &claims(json!({ "jti": id })))
    };
    world.get(&token()).await.expect(200);
    keys.break_down();
    for round in 1..4 {
        // Past the interval they are asked for behind a request, which does not wait.
        world.later(600);
        while keys.asked() < 1 + round {
            world.get(&token()).await.expect(200);
        }
        // Until the next try is due nobody asks.
        world.get(&token()).await.expect(200);
        assert_eq!(keys.asked(), 1 + round);
    }
    // What is no set of keys at all puts no key out either.
    keys.give_out(Vec::new());
    world.later(600);
    while keys.asked() < 5 {
        world.get(&token()).await.expect(200);
    }
    world.get(&token()).await.expect(200);
    world.app.stopped().await;
}

#[tokio::test]
async fn a_server_whose_issuer_is_down_starts_and_says_so() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(Vec::new()).await;
    keys.break_down();
    let world = taking(json!({"corp": corp(&keys, json!({"retry_seconds": 10}))})).await;
    world.app.anonymous.get("/healthz").await.expect(200);
    world.app.admin.get("/v1/collections").await.expect(200);
    let token = rsa.token(&rs256("r"), &claims(json!({})));
    for _ in 0..3 {
        let reply = world.get(&token).await;
        assert_eq!(reply.header("retry-after"), "10");
        let problem = reply.problem(503, "issuer_unavailable");
        assert!(problem["detail"].as_str().unwrap().contains("cannot be had from their issuer"), "{problem}");
    }
    assert_eq!(keys.asked(), 1);
    // A set in which nothing can check a signature is as good as none.
    keys.give_out(vec![json!({"kty": "oct", "kid": "r", "k": "c2VjcmV0"})]);
    world.later(10);
    world.get(&token).await.problem(503, "issuer_unavailable");
    keys.give_out(vec![rsa.jwk("r")]);
    world.later(10);
    world.get(&token).await.expect(200);
    assert_eq!(keys.asked(), 3);
    world.app.stopped().await;
}

#[tokio::test]
async fn made_up_names_of_keys_cost_the_issuer_one_fetch_an_interval() {
    let (rsa, strange) = (Signer::rsa(0), Signer::ec());
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({}))})).await;
    for round in 1..4 {
        let flood = (0..40).map(|number| {
            let token = strange.token(&es256(&format!("{round}-{number}")), &claims(json!({})));
            let world = &world;
            async move { world.refused(&token).await }
        });
        for said in futures::future::join_all(flood).await {
            assert!(said.starts_with(NOT_SIGNED), "{said}");
        }
        assert_eq!(keys.asked(), round);
        world.get(&rsa.token(&rs256("r"), &claims(json!({})))).await.expect(200);
        world.later(15);
    }
    world.app.stopped().await;
}

#[tokio::test]
async fn a_token_acts_in_the_tenant_that_its_issuer_speaks_for() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let both =
        json!({"tenant_claim": "org.name", "tenants": ["acme", "globex", "nowhere"], "default_tenant": null});
    let world = taking(json!({"corp": corp(&keys, both)})).await;
    world
        .app
        .arrange(&[
            "INSERT INTO tenants (id, name, created_at) VALUES (randomblob(16), 'acme', 0)",
            "INSERT INTO tenants (id, name, created_at) VALUES (randomblob(16), 'globex', 0)",
            "INSERT INTO tenants (id, name, created_at) VALUES (randomblob(16), 'initech', 0)",
        ])
        .await;
    let of = |org: Value| rsa.token(&rs256("r"), &claims(json!({"org": {"name": org}, "roles": ["admins"]})));
    let (acme, globex) = (of(json!("acme")), of(json!("globex")));
    world.make(&acme, "theirs").await.expect(201);
    world.ask("GET", "/v1/collections/theirs", &acme, None).await.expect(200);
    world.ask("GET", "/v1/collections/theirs", &globex, None).await.problem(404, "collection_not_found");
    world.app.admin.get("/v1/collections/theirs").await.problem(404, "collection_not_found");
    // One that is not listed, one that is not there, and the one that operates the server read the same.
    for other in ["initech", "nowhere", "root", "ACME", ""] {
        let said = world.refused(&of(json!(other))).await;
        assert!(said.contains("tenant that its issuer does not speak for"), "{other}: {said}");
    }
    for none in [Value::Null, json!(["acme"]), json!(7)] {
        assert!(world.refused(&of(none)).await.contains("claim `org.name`"));
    }
    assert!(world.refused(&rsa.token(&rs256("r"), &claims(json!({})))).await.contains("claim `org.name`"));

    world.app.arrange(&["UPDATE tenants SET status = 'suspended' WHERE name = 'acme'"]).await;
    let fresh = rsa.token(&rs256("r"), &claims(json!({"org": {"name": "acme"}, "jti": 2})));
    world.get(&fresh).await.problem(403, "tenant_suspended");
    // Who was let in a moment ago is remembered for half a minute.
    world.later(30);
    world.get(&acme).await.problem(403, "tenant_suspended");
    world.get(&globex).await.expect(200);
    world.app.stopped().await;
}

#[tokio::test]
async fn names_and_groups_are_those_that_collections_and_accounts_know() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({"groups_claim": "groups"}))})).await;
    for name in ["one", "two", "three"] {
        world.app.admin.post("/v1/collections", json!({ "name": name })).await.expect(201);
    }
    let role = |name: &str, principal: &str| {
        format!(
            "INSERT INTO collection_roles (collection, principal, tenant, role) SELECT id, '{principal}', tenant, \
             'reader' FROM collections WHERE name = '{name}'"
        )
    };
    let (one, two, three) =
        (role("one", "user:corp:ada"), role("two", "group:finance"), role("three", "user:ada"));
    world.app.arrange(&[&one, &two, &three]).await;
    let token = |sub: &str, groups: Value| {
        rsa.token(&rs256("r"), &claims(json!({"sub": sub, "groups": groups, "roles": []})))
    };
    let ada = token("ada", json!(["finance", "owner"]));
    for (name, status) in [("one", 200), ("two", 200), ("three", 404)] {
        world.ask("GET", &format!("/v1/collections/{name}"), &ada, None).await.expect(status);
    }
    let bob = token("bob", json!("finance"));
    for (name, status) in [("one", 404), ("two", 200), ("three", 404)] {
        world.ask("GET", &format!("/v1/collections/{name}"), &bob, None).await.expect(status);
    }
    world
        .app
        .arrange(&["INSERT INTO users (id, tenant, name, display, origin, must_change, disabled, failures, created_at, \
                    updated_at) SELECT randomblob(16), id, 'corp:eve', 'Eve', 'local', 0, 1, 0, 0, 0 FROM tenants WHERE \
                    name = 'root'"])
        .await;
    world.get(&token("eve", json!([]))).await.problem(401, "account_disabled");
    world.app.stopped().await;
}

#[tokio::test]
async fn a_secret_serves_an_issuer_without_public_keys() {
    let secret = "a secret of thirty-two bytes or more";
    let settings = json!({
        "issuer": ISSUER, "audiences": ["quarry"], "secret": secret, "default_tenant": "root", "roles_claim": "roles",
        "role_map": {"readers": "reader"},
    });
    let world = taking(json!({"lab": settings})).await;
    let header = json!({"alg": "HS256", "typ": "JWT"});
    world.get(&Signer::secret(secret).token(&header, &claims(json!({})))).await.expect(200);
    let (rsa, fine) = (Signer::rsa(0), claims(json!({})));
    for forged in [
        Signer::secret("another secret of thirty-two bytes or more").token(&header, &fine),
        Signer::secret("").token(&header, &fine),
        Signer::Nobody.token(&header, &fine),
        Signer::Nobody.token(&json!({"alg": "none"}), &fine),
        Signer::secret(secret).token(&json!({"alg": "HS512"}), &fine),
        Signer::secret(secret).token(&json!({"alg": "RS256"}), &fine),
        rsa.token(&rs256("r"), &fine),
        rsa.token(&json!({"alg": "RS256", "jwk": rsa.jwk("r")}), &fine),
    ] {
        assert!(world.refused(&forged).await.starts_with(NOT_SIGNED), "{forged}");
    }
    world.app.stopped().await;
}

#[tokio::test]
async fn keys_are_found_by_the_issuers_own_description() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let settings = json!({
        "issuer": keys.base(), "audiences": ["quarry"], "default_tenant": "root", "retry_seconds": 10,
        "roles_claim": "roles", "role_map": {"readers": "reader"},
    });
    let world = taking(json!({"corp": settings})).await;
    let token = rsa.token(&rs256("r"), &claims(json!({"iss": keys.base()})));
    for wrong in [
        json!({"issuer": "https://another.example", "jwks_uri": keys.keys_url()}),
        json!({"issuer": keys.base(), "jwks_uri": "http://keys.example/keys"}),
        json!({"issuer": keys.base(), "jwks_uri": "file:///dev/null"}),
        json!({"issuer": keys.base()}),
        json!([]),
    ] {
        keys.describe(wrong);
        world.get(&token).await.problem(503, "issuer_unavailable");
        assert_eq!(keys.asked(), 0);
        world.later(10);
    }
    keys.describe(json!({"issuer": keys.base(), "jwks_uri": keys.keys_url(), "more": true}));
    world.get(&token).await.expect(200);
    world.app.stopped().await;
}

#[tokio::test]
async fn one_issuer_signs_for_no_other() {
    let (corp_key, lab_key) = (Signer::rsa(0), Signer::rsa(1));
    let (corp_keys, lab_keys) =
        (KeyServer::start(vec![corp_key.jwk("k")]).await, KeyServer::start(vec![lab_key.jwk("k")]).await);
    let lab = corp(&lab_keys, json!({"issuer": "https://lab.example", "role_map": {"readers": "admin"}}));
    let world = taking(json!({"corp": corp(&corp_keys, json!({})), "lab": lab})).await;
    let for_lab = claims(json!({"iss": "https://lab.example"}));
    world.get(&corp_key.token(&rs256("k"), &claims(json!({})))).await.expect(200);
    world.make(&lab_key.token(&rs256("k"), &for_lab), "made").await.expect(201);
    for forged in [corp_key.token(&rs256("k"), &for_lab), lab_key.token(&rs256("k"), &claims(json!({})))] {
        assert!(world.refused(&forged).await.starts_with(NOT_SIGNED));
    }
    world.app.stopped().await;
}

#[tokio::test]
async fn every_request_with_a_token_counts_for_its_tenants_day() {
    let rsa = Signer::rsa(0);
    let keys = KeyServer::start(vec![rsa.jwk("r")]).await;
    let world = taking(json!({"corp": corp(&keys, json!({}))})).await;
    world.app.arrange(&["UPDATE tenants SET quotas = '{\"requests_per_day\": 3}' WHERE name = 'root'"]).await;
    // Also those of a token that is remembered.
    let token = rsa.token(&rs256("r"), &claims(json!({})));
    for _ in 0..3 {
        world.get(&token).await.expect(200);
    }
    world.get(&token).await.expect(429);
    world.app.stopped().await;
}

#[tokio::test]
async fn a_server_without_issuers_takes_keys_only() {
    let world = taking(json!({})).await;
    let said = world.refused(&Signer::rsa(0).token(&rs256("r"), &claims(json!({})))).await;
    assert!(said.contains("no issuer is set below `[auth.jwt]`"), "{said}");
    world.app.admin.get("/v1/collections").await.expect(200);
    world.app.stopped().await;
}
