//! From claims to a person: their tenant, their name, their role and their groups.

use quarry_core::Role;
use quarry_engine::govern::Vouched;
use serde_json::Value;

use super::{claims::Claims, refusal::TokenRefusal, settings::JwtSettings};

/// Longest name of a person, prefix included; an OpenID subject has at most so many.
const LONGEST_NAME: usize = 255;
/// Longest name of a group.
const LONGEST_GROUP: usize = 128;
/// The tenant that operates the server.
const ROOT: &str = "root";

/// How the claims of one issuer are read.
pub(super) struct Naming {
    /// What goes before its people's names.
    pub(super) prefix: String,
    /// What goes before those of other issuers.
    pub(super) foreign: Vec<String>,
}

/// Letters of people's names: nothing that could be taken for the end of a name, or hides in a log.
pub(super) fn is_fit(letter: char) -> bool {
    letter.is_alphanumeric() || "-_.@:/|+=~".contains(letter)
}

impl Naming {
    /// The person that a token speaks of.
    ///
    /// # Errors
    /// [`TokenRefusal::Claim`], [`TokenRefusal::Tenant`].
    pub(super) fn person(
        &self,
        claims: &Claims<'_>,
        settings: &JwtSettings,
    ) -> Result<Vouched, TokenRefusal> {
        Ok(Vouched {
            tenant: tenant(claims, settings)?,
            name: self.name(claims, settings)?,
            role: role(claims, settings),
            groups: settings.groups_claim.as_deref().map(|claim| groups(claims, claim)),
        })
    }

    fn name(&self, claims: &Claims<'_>, settings: &JwtSettings) -> Result<String, TokenRefusal> {
        let claim = &settings.user_claim;
        let refuse = |problem| Err(TokenRefusal::Claim(claim.clone(), problem));
        let Some(Value::String(said)) = claims.find(claim) else {
            return refuse("is not there, or is no text; it has to hold the person's name");
        };
        // Some issuers let people write any address they like.
        if claim == "email" && claims.0.get("email_verified") != Some(&Value::Bool(true)) {
            return refuse("is not verified: `email_verified` is not true");
        }
        let name = format!("{}{said}", self.prefix);
        if said.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(is_fit) {
            return refuse("is no name here: up to 255 letters, digits or of `-_.@:/|+=~`");
        }
        // Where names are taken as they are, none may look like another issuer's.
        let taken = |other: &String| !other.is_empty() && *other != self.prefix && name.starts_with(other);
        if self.foreign.iter().any(taken) {
            return refuse("begins like the names of another issuer's people");
        }
        Ok(name)
    }
}

fn tenant(claims: &Claims<'_>, settings: &JwtSettings) -> Result<String, TokenRefusal> {
    let said = settings.tenant_claim.as_ref().and_then(|claim| claims.find(claim));
    match (said, &settings.default_tenant) {
        (Some(Value::String(tenant)), _) => {
            // The root tenant operates the server: only who lists it lets an issuer say so.
            let admitted = match &settings.tenants {
                Some(listed) => listed.contains(tenant),
                None => tenant != ROOT,
            };
            if admitted { Ok(tenant.clone()) } else { Err(TokenRefusal::Tenant) }
        }
        (None, Some(default)) => Ok(default.clone()),
        _ => {
            let claim = settings.tenant_claim.clone().unwrap_or_default();
            Err(TokenRefusal::Claim(claim, "is not there, or is no text; it has to name the tenant"))
        }
    }
}

/// The most that any of the values means. What the map does not name means nothing, also where it is called `owner`.
fn role(claims: &Claims<'_>, settings: &JwtSettings) -> Option<Role> {
    let values = claims.texts(settings.roles_claim.as_deref()?);
    values.into_iter().filter_map(|value| settings.role_map.get(value).copied()).max()
}

/// Names of groups that can be names of groups here; the others open nothing.
fn groups(claims: &Claims<'_>, claim: &str) -> Vec<String> {
    let fit = |name: &&str| {
        !name.trim().is_empty()
            && name.chars().count() <= LONGEST_GROUP
            && !name.chars().any(|letter| letter.is_control())
    };
    claims.texts(claim).into_iter().filter(fit).map(str::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(settings: Value, claims: &Value) -> Result<Vouched, TokenRefusal> {
        let mut all = json!({"issuer": "https://a.example", "audiences": ["q"]});
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let settings: JwtSettings = serde_json::from_value(all).unwrap();
        let naming =
            Naming { prefix: settings.prefix_as("corp"), foreign: vec!["other:".to_owned(), String::new()] };
        naming.person(&Claims(claims.as_object().unwrap()), &settings)
    }

    fn refused(settings: Value, claims: &Value) -> String {
        person(settings, claims).unwrap_err().to_string()
    }

    #[test]
    fn claims_become_a_person() {
        let settings = json!({
            "tenant_claim": "org", "roles_claim": "realm_access.roles", "groups_claim": "groups",
            "role_map": {"quarry-reader": "reader", "quarry-admin": "admin"},
        });
        let claims = json!({
            "sub": "ada", "org": "acme", "groups": ["finance", "", "a\nb"],
            "realm_access": {"roles": ["quarry-reader", "owner", "quarry-admin"]},
        });
        let person = person(settings, &claims).unwrap();
        assert_eq!((person.tenant.as_str(), person.name.as_str()), ("acme", "corp:ada"));
        assert_eq!((person.role, person.groups), (Some(Role::Admin), Some(vec!["finance".to_owned()])));
    }

    #[test]
    fn what_is_not_mapped_means_nothing() {
        let root = json!({"default_tenant": "root"});
        let plain = person(root, &json!({"sub": "ada", "roles": ["owner"], "groups": ["a"]})).unwrap();
        assert_eq!((plain.tenant.as_str(), plain.role, plain.groups), ("root", None, None));
        let mapped = json!({"default_tenant": "root", "roles_claim": "roles", "role_map": {"x": "editor"}});
        let role =
            |roles: Value| person(mapped.clone(), &json!({"sub": "ada", "roles": roles})).unwrap().role;
        assert_eq!(role(json!(["owner", "admin"])), None);
        assert_eq!(role(json!("x")), Some(Role::Editor));
        assert_eq!(role(json!("X")), None);
        assert_eq!(role(json!({"x": true})), None);
        assert_eq!(role(json!([["x"], 3, null])), None);
    }

    #[test]
    fn a_token_names_only_tenants_that_its_issuer_speaks_for() {
        let tenant = |settings: Value, claims: Value| person(settings, &claims).map(|person| person.tenant);
        let claimed = |tenant: &str| json!({"sub": "ada", "org": tenant});
        let open = json!({"tenant_claim": "org"});
        assert_eq!(tenant(open.clone(), claimed("acme")).unwrap(), "acme");
        assert_eq!(tenant(open.clone(), claimed("root")).unwrap_err(), TokenRefusal::Tenant);
        let listed = json!({"tenant_claim": "org", "tenants": ["acme", "root"]});
        assert_eq!(tenant(listed.clone(), claimed("root")).unwrap(), "root");
        assert_eq!(tenant(listed, claimed("globex")).unwrap_err(), TokenRefusal::Tenant);
        assert!(tenant(open, json!({"sub": "ada"})).is_err());
        let both = json!({"tenant_claim": "org", "default_tenant": "lobby"});
        assert_eq!(tenant(both.clone(), json!({"sub": "ada"})).unwrap(), "lobby");
        // What cannot be read is not the same as nothing.
        assert!(tenant(both, json!({"sub": "ada", "org": ["acme"]})).is_err());
    }

    #[test]
    fn names_are_bounded_and_of_one_issuer() {
        let root = || json!({"default_tenant": "root"});
        let named = |prefix: &str| json!({"default_tenant": "root", "prefix": prefix});
        assert_eq!(person(root(), &json!({"sub": "auth0|5f7c"})).unwrap().name, "corp:auth0|5f7c");
        assert_eq!(person(named(""), &json!({"sub": "ada@a.example"})).unwrap().name, "ada@a.example");
        for sub in [
            json!(""),
            json!("a b"),
            json!("a\nb"),
            json!("a'b"),
            json!("x".repeat(251)),
            json!(7),
            Value::Null,
        ] {
            assert!(refused(root(), &json!({"sub": sub})).contains("`sub`"), "{sub}");
        }
        assert!(refused(root(), &json!({})).contains("`sub`"));
        assert!(refused(named(""), &json!({"sub": "other:ada"})).contains("another issuer"));
        let email = || json!({"default_tenant": "root", "user_claim": "email"});
        assert!(refused(email(), &json!({"email": "a@a.example"})).contains("not verified"));
        assert!(
            refused(email(), &json!({"email": "a@a.example", "email_verified": "true"}))
                .contains("not verified")
        );
        let verified = json!({"email": "a@a.example", "email_verified": true});
        assert_eq!(person(email(), &verified).unwrap().name, "corp:a@a.example");
    }
}
