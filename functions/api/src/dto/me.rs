//! Who is asking.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{Role, Scope};

/// The caller, and the tenant it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Subject of the token, or the name of the API key.
    pub user: String,
    /// Sign-in e-mail; `null` for an API key.
    pub email: Option<String>,
    /// The tenant's slug.
    pub tenant: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// Role; an API key acts as the highest role its scopes allow.
    pub role: Role,
    /// What the caller may do.
    pub scopes: Vec<Scope>,
    /// The pinned clock of a sandbox tenant; `null` otherwise.
    pub as_of: Option<Timestamp>,
    /// The instant that this tenant's pages are reckoned from.
    pub now: Timestamp,
    /// IANA zone of the tenant; days are days there.
    pub zone: String,
}
