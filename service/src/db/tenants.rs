//! Tenants and their tokens.
//!
//! A token is `meed_<id>_<secret>`: 16 and 64 hexadecimal digits. The database has the SHA-256 of the
//! secret, which is random: nobody can guess what it is the hash of.

use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::Row;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Db;
use crate::error::{random, Result, ServiceError};
use crate::job::check_name;

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Submit and cancel jobs.
    Submit,
    /// See jobs and fetch bundles.
    Read,
    /// See workers and metrics, which are of all tenants.
    Operate,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Submit, Self::Read, Self::Operate];

    /// As the database and the command line have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|s| s.name() == text);
        found.ok_or_else(|| ServiceError::Unknown {
            what: "scope",
            expected: "submit, read or operate",
            got: meed_ledger::shown(text),
        })
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant.
    pub tenant: String,
    /// What the token allows.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Whether the token allows this.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// As many open jobs it may have.
    pub most_open: i64,
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its id.
    pub id: String,
    /// Whose.
    pub tenant: String,
    /// What it allows.
    pub scopes: String,
    /// Whether it was revoked.
    pub revoked: bool,
}

fn secret_hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

impl Db {
    /// Makes a tenant, or changes how many open jobs it may have.
    ///
    /// # Errors
    /// [`ServiceError::Config`] about the name; [`ServiceError::Database`].
    pub async fn save_tenant(&self, name: &str, most_open: i64) -> Result<()> {
        check_name("tenant", name)?;
        let mut tx = self.begin().await?;
        let text = "INSERT INTO tenants (name, most_open, created_at) VALUES ($1, $2, {now}) \
                    ON CONFLICT (name) DO UPDATE SET most_open = excluded.most_open";
        sqlx::query(&self.sql(text)).bind(name).bind(most_open).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// All tenants.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let text = "SELECT name, most_open FROM tenants ORDER BY name";
        let rows = sqlx::query(text).fetch_all(&self.pool).await?;
        let tenant =
            |row: &AnyRow| Ok(Tenant { name: row.try_get(0)?, most_open: row.try_get(1)? });
        rows.iter().map(tenant).collect()
    }

    /// Makes a token. It is shown this once.
    ///
    /// # Errors
    /// [`ServiceError::Unknown`] when there is no such tenant; [`ServiceError::Database`].
    pub async fn add_token(&self, tenant: &str, scopes: &[Scope]) -> Result<Zeroizing<String>> {
        let secret = Zeroizing::new(hex::encode(random::<32>()?));
        let id = hex::encode(random::<8>()?);
        let names: Vec<&str> = scopes.iter().map(|s| s.name()).collect();
        let mut tx = self.begin().await?;
        let text = "SELECT 1 FROM tenants WHERE name = $1";
        if sqlx::query(text).bind(tenant).fetch_all(&mut *tx).await?.is_empty() {
            let (what, expected) = ("tenant", "one that is there");
            return Err(ServiceError::Unknown { what, expected, got: meed_ledger::shown(tenant) });
        }
        let text = "INSERT INTO tokens (id, tenant, sha256, scopes, created_at) \
                    VALUES ($1, $2, $3, $4, {now})";
        sqlx::query(&self.sql(text))
            .bind(&id)
            .bind(tenant)
            .bind(secret_hash(&secret))
            .bind(names.join(" "))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Zeroizing::new(format!("meed_{id}_{}", secret.as_str())))
    }

    /// Revokes a token, by its id. Says whether there was one.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn revoke_token(&self, id: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        let text = "UPDATE tokens SET revoked_at = {now} WHERE id = $1 AND revoked_at IS NULL";
        let done = sqlx::query(&self.sql(text)).bind(id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// All tokens, without their secrets.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn tokens(&self) -> Result<Vec<TokenInfo>> {
        let text = "SELECT id, tenant, scopes, revoked_at FROM tokens ORDER BY created_at, id";
        let rows = sqlx::query(text).fetch_all(&self.pool).await?;
        let info = |row: &AnyRow| {
            Ok(TokenInfo {
                id: row.try_get(0)?,
                tenant: row.try_get(1)?,
                scopes: row.try_get(2)?,
                revoked: row.try_get::<Option<i64>, _>(3)?.is_some(),
            })
        };
        rows.iter().map(info).collect()
    }

    /// Who has this token, if it is one that counts.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn caller(&self, token: &str) -> Result<Option<Caller>> {
        let parts = token.strip_prefix("meed_").and_then(|rest| rest.split_once('_'));
        let Some((id, secret)) = parts.filter(|(id, s)| id.len() == 16 && s.len() == 64) else {
            return Ok(None);
        };
        let text = "SELECT tenant, sha256, scopes FROM tokens \
                    WHERE id = $1 AND revoked_at IS NULL";
        let rows = sqlx::query(text).bind(id).fetch_all(&self.pool).await?;
        let got = secret_hash(secret);
        let Some(row) = rows.first() else { return Ok(None) };
        let expected: String = row.try_get(1)?;
        if !bool::from(expected.as_bytes().ct_eq(got.as_bytes())) {
            return Ok(None);
        }
        let scopes: String = row.try_get(2)?;
        let scopes = scopes.split(' ').map(str::parse).collect::<Result<_>>()?;
        Ok(Some(Caller { tenant: row.try_get(0)?, scopes }))
    }
}
