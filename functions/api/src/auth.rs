//! Who is asking, and for which tenant. The tenant comes from a verified token or an API key and from nowhere else.

use copilot_aws::{Table, tenants};
use copilot_domain::ids::{TenantId, TenantProof};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::dto::words::{Role, Scope};
use crate::jwks::{Jwks, JwksError};
use crate::problem::{Answer, Kind, Problem};

/// Seconds that clocks may differ.
const LEEWAY_S: f64 = 60.0;
/// The longest credential we look at.
const MAX_CREDENTIAL: usize = 8_192;
/// How API keys begin.
const KEY_PREFIX: &str = "cpk_";

/// A verified caller.
#[derive(Clone)]
pub struct Principal {
    /// Whose data it may see.
    pub tenant: TenantId,
    /// Subject of the token, or `key:<prefix>`: safe to log.
    pub id: String,
    /// Sign-in e-mail, lower case; `None` for an API key.
    pub email: Option<String>,
    /// Role.
    pub role: Role,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl std::fmt::Debug for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Principal")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Principal {
    /// What is shown as the author of a change.
    pub fn author(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.id)
    }

    /// Refuses a caller without the scope.
    ///
    /// # Errors
    /// A 403.
    pub fn must(&self, scope: Scope) -> Answer<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let detail = match scope {
            Scope::Read => "this needs the scope read",
            Scope::Write => "this needs the scope write (role csm, lead or admin)",
            Scope::Admin => "this needs the scope admin (role admin)",
        };
        Err(Problem::new(Kind::FORBIDDEN, detail))
    }
}

/// What a role allows.
pub fn scopes_of(role: Role) -> Vec<Scope> {
    match role {
        Role::Viewer => vec![Scope::Read],
        Role::Csm | Role::Lead => vec![Scope::Read, Scope::Write],
        Role::Admin => vec![Scope::Read, Scope::Write, Scope::Admin],
    }
}

/// Verifies credentials.
#[derive(Debug, Clone)]
pub struct Verifier {
    jwks: Jwks,
    issuer: String,
    audience: String,
}

/// The claims of a Cognito ID token that we read.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    token_use: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default, rename = "custom:tenant")]
    tenant: Option<String>,
    #[serde(default, rename = "cognito:groups")]
    groups: Vec<String>,
    #[serde(default)]
    email: Option<String>,
}

impl Verifier {
    /// A verifier of an issuer's tokens for an audience.
    pub fn new(jwks: Jwks, issuer: &str, audience: &str) -> Self {
        Self {
            jwks,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        }
    }

    /// The caller behind an `Authorization` header.
    ///
    /// # Errors
    /// A 401 for missing or refused credentials, a 403 for a sign-in without a tenant or a role.
    pub async fn verify(&self, header: Option<&str>, table: &Table, now: Timestamp) -> Answer<Principal> {
        let missing = || {
            Problem::new(
                Kind::UNAUTHENTICATED,
                "send `Authorization: Bearer <token or API key>`",
            )
        };
        let header = header.ok_or_else(missing)?;
        let (scheme, credential) = header.split_once(' ').ok_or_else(missing)?;
        let credential = credential.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || credential.is_empty() {
            return Err(missing());
        }
        if credential.len() > MAX_CREDENTIAL {
            return Err(refused("the credential is too long"));
        }
        if credential.starts_with(KEY_PREFIX) {
            return api_key(credential, table).await;
        }
        self.token(credential, now).await
    }

    /// The caller behind an ID token.
    ///
    /// # Errors
    /// A 401 for a token that is refused, a 403 for a sign-in without a tenant or a role.
    pub async fn token(&self, token: &str, now: Timestamp) -> Answer<Principal> {
        let header = decode_header(token).map_err(|_| refused("the token does not read"))?;
        if header.alg != Algorithm::RS256 {
            return Err(refused("the token must be signed with RS256"));
        }
        let kid = header.kid.ok_or_else(|| refused("the token names no key"))?;
        let key = self.jwks.key(&kid, now).await.map_err(|error| match error {
            JwksError::UnknownKey => refused("the token's key is not one of the issuer's"),
            other => {
                let mut problem = Problem::new(
                    Kind::UNAVAILABLE,
                    "the sign-in service cannot be asked; try again",
                );
                problem.retry_after = Some(5);
                problem.internal = Some(copilot_runtime::telemetry::chain(&other).into());
                problem
            }
        })?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are checked below, against the clock that was handed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<Claims>(token, &key, &validation)
            .map_err(|_| refused("the token's signature, issuer, audience or claims do not fit"))?
            .claims;
        let now = now.as_second() as f64;
        if !claims.exp.is_finite() || now - LEEWAY_S >= claims.exp {
            return Err(refused("the token has expired; sign in again"));
        }
        if claims
            .nbf
            .is_some_and(|nbf| !nbf.is_finite() || now + LEEWAY_S < nbf)
        {
            return Err(refused("the token is not valid yet"));
        }
        if claims.token_use != "id" {
            return Err(refused("send the ID token, not the access token"));
        }
        principal(claims)
    }
}

fn principal(claims: Claims) -> Answer<Principal> {
    let tenant = claims.tenant.unwrap_or_default();
    let tenant = TenantId::proven(&tenant, TenantProof::VerifiedToken).map_err(|_| {
        Problem::new(
            Kind::FORBIDDEN,
            "this sign-in belongs to no tenant; ask your administrator",
        )
    })?;
    let role = claims
        .groups
        .iter()
        .filter_map(|group| match group.as_str() {
            "admin" => Some(Role::Admin),
            "lead" => Some(Role::Lead),
            "csm" => Some(Role::Csm),
            "viewer" => Some(Role::Viewer),
            _ => None,
        })
        .max()
        .ok_or_else(|| {
            Problem::new(
                Kind::FORBIDDEN,
                "this sign-in has no role; ask your administrator",
            )
        })?;
    Ok(Principal {
        tenant,
        id: claims.sub,
        email: claims.email.map(|e| e.to_lowercase()),
        role,
        scopes: scopes_of(role),
    })
}

/// The hash under which an API key is stored.
pub fn key_hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

async fn api_key(key: &str, table: &Table) -> Answer<Principal> {
    let unknown = || refused("the API key is unknown");
    // `cpk_<prefix>_<secret>`: what has another form needs no look-up.
    let rest = key.strip_prefix(KEY_PREFIX).ok_or_else(unknown)?;
    let (prefix, secret) = rest.split_once('_').ok_or_else(unknown)?;
    if prefix.is_empty() || secret.len() < 16 {
        return Err(unknown());
    }
    let stored = tenants::api_key(table, &key_hash(key))
        .await?
        .ok_or_else(unknown)?;
    let tenant = TenantId::proven(&stored.tenant, TenantProof::ApiKey).map_err(|_| unknown())?;
    let scopes: Vec<Scope> = stored
        .scopes
        .iter()
        .filter_map(|scope| match scope.as_str() {
            "read" => Some(Scope::Read),
            "write" => Some(Scope::Write),
            "admin" => Some(Scope::Admin),
            _ => None,
        })
        .collect();
    let role = match scopes.iter().max() {
        Some(Scope::Admin) => Role::Admin,
        Some(Scope::Write) => Role::Lead,
        _ => Role::Viewer,
    };
    Ok(Principal {
        tenant,
        id: format!("key:{prefix}"),
        email: None,
        role,
        scopes,
    })
}

fn refused(detail: &'static str) -> Problem {
    Problem::new(Kind::BAD_CREDENTIALS, detail)
}
