//! What somebody is: their role in the tenant, their groups, their roles in single collections.
//!
//! Everything that makes an access of a person's name goes through here, whoever vouches for the person.

use std::collections::BTreeMap;

use quarry_core::{CollectionId, Role, TenantId, UserId};

use crate::{
    error::StoreError,
    sql::{Row, args, value::json_text},
    store::Store,
};

/// What is known of a person when they act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What they are in the whole tenant, by themselves or by a group.
    pub role: Option<Role>,
    /// The groups they are in, by name.
    pub groups: Vec<String>,
}

/// A person whom the database knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Their row.
    pub id: UserId,
    /// Whether they may not act any more.
    pub disabled: bool,
}

/// The people of a store.
pub struct People<'a> {
    pub(crate) store: &'a Store,
}

impl People<'_> {
    /// The person with this name; none when the database does not know them.
    ///
    /// # Errors
    /// The database fails.
    pub async fn by_name(&self, tenant: TenantId, name: &str) -> Result<Option<UserId>, StoreError> {
        let sql = "SELECT id FROM users WHERE tenant = $1 AND name = $2";
        let row = self.store.db().read().await?.first(sql, args![tenant, name]).await?;
        row.map(|row| row.id(0).map(UserId::from_uuid)).transpose()
    }

    /// The same, with whether they may act.
    ///
    /// # Errors
    /// The database fails.
    pub async fn account(&self, tenant: TenantId, name: &str) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT id, disabled FROM users WHERE tenant = $1 AND name = $2";
        let row = self.store.db().read().await?.first(sql, args![tenant, name]).await?;
        let account = |row: Row| {
            Ok(Account { id: UserId::from_uuid(row.id(0)?), disabled: row.opt_int(1)? != Some(0) })
        };
        row.map(account).transpose()
    }

    /// What a person of the database is in the tenant.
    ///
    /// # Errors
    /// The database fails.
    pub async fn standing(&self, tenant: TenantId, person: UserId) -> Result<Standing, StoreError> {
        let sql = "SELECT u.role, NULL FROM users u WHERE u.tenant = $1 AND u.id = $2 UNION ALL SELECT g.role, g.name FROM \
                   user_groups g JOIN group_members m ON m.user_group = g.id WHERE g.tenant = $1 AND m.member = $2";
        let rows = self.store.db().read().await?.rows(sql, args![tenant, person]).await?;
        standing(&rows)
    }

    /// What members of these groups are in the tenant: those of the names that the tenant has.
    ///
    /// # Errors
    /// The database fails.
    pub async fn of_groups(&self, tenant: TenantId, names: &[String]) -> Result<Standing, StoreError> {
        let mut session = self.store.db().read().await?;
        let sql = format!(
            "SELECT g.role, g.name FROM user_groups g WHERE g.tenant = $2 AND g.name {}",
            session.dialect().texts_in()
        );
        standing(&session.rows(sql, args![json_text(&names)?, tenant]).await?)
    }

    /// The roles that these principals (`user:NAME`, `group:NAME`) have in single collections; of several, the most.
    ///
    /// # Errors
    /// The database fails.
    pub async fn collection_roles(
        &self,
        tenant: TenantId,
        principals: &[String],
    ) -> Result<BTreeMap<CollectionId, Role>, StoreError> {
        let mut session = self.store.db().read().await?;
        let sql = format!(
            "SELECT r.collection, r.role FROM collection_roles r WHERE r.tenant = $2 AND r.principal {}",
            session.dialect().texts_in()
        );
        let mut roles = BTreeMap::new();
        for row in session.rows(sql, args![json_text(&principals)?, tenant]).await? {
            let role = role(row.text(1)?)?;
            let most = roles.entry(CollectionId::from_uuid(row.id(0)?)).or_insert(role);
            *most = role.max(*most);
        }
        Ok(roles)
    }
}

fn standing(rows: &[Row]) -> Result<Standing, StoreError> {
    let mut found = Standing::default();
    for row in rows {
        found.role = found.role.max(row.opt_text(0)?.map(role).transpose()?);
        found.groups.extend(row.opt_text(1)?);
    }
    found.groups.sort_unstable();
    Ok(found)
}

fn role(text: String) -> Result<Role, StoreError> {
    text.parse().map_err(StoreError::Unreadable)
}
