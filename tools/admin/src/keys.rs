//! Making API keys and secrets.

use anyhow::{Result, anyhow, ensure};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use copilot_aws::tenants::ApiKey;
use copilot_domain::time::Timestamp;
use sha2::{Digest, Sha256};

/// The scopes that a key may have.
const SCOPES: [&str; 3] = ["read", "write", "admin"];

fn random(bytes: usize) -> Result<String> {
    let mut buffer = vec![0_u8; bytes];
    rand::fill(&mut buffer).map_err(|_| anyhow!("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(buffer).replace(['-', '_'], "x"))
}

/// A webhook secret.
pub(crate) fn secret() -> Result<String> {
    Ok(format!("whs_{}", random(32)?))
}

/// An API key: its text (shown once), its hash (stored), and what it may do.
pub(crate) fn make(
    tenant: &str,
    name: &str,
    scopes: Vec<String>,
    now: Timestamp,
) -> Result<(String, String, ApiKey)> {
    for scope in &scopes {
        ensure!(
            SCOPES.contains(&scope.as_str()),
            "{scope} is no scope; use read, write, admin"
        );
    }
    let prefix = random(6)?;
    let text = format!("cpk_{prefix}_{}", random(32)?);
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    let key = ApiKey {
        tenant: tenant.to_owned(),
        name: name.to_owned(),
        scopes,
        prefix: format!("cpk_{prefix}"),
        created_at: now,
    };
    Ok((text, hash, key))
}
