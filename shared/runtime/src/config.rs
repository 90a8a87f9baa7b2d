//! Configuration from the environment, read once in `main`.
//!
//! This module must stay the only reader of environment variables: the Lambda runtime changes the environment
//! between invocations, and a handler that reads it cannot be tested.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use secrecy::SecretString;

/// What is wrong with a variable; the text names it and says what it is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Unset, or set to nothing but white space.
    #[error("environment variable {name} is not set: it must hold {purpose}")]
    Missing {
        /// The variable.
        name: String,
        /// What it is for.
        purpose: String,
    },
    /// Set to something that does not read. The value itself is not shown, since it may be a secret.
    #[error("environment variable {name} does not read: it must hold {purpose} ({reason})")]
    Invalid {
        /// The variable.
        name: String,
        /// What it is for.
        purpose: String,
        /// What the parser said.
        reason: String,
    },
}

#[derive(Debug, Clone)]
enum Variables {
    Process,
    Map(BTreeMap<String, String>),
}

/// A reader of variables: those of the process, or a map in tests.
#[derive(Debug, Clone)]
pub struct Env(Variables);

impl Env {
    /// The variables of this process.
    pub fn process() -> Self {
        Self(Variables::Process)
    }

    /// Variables given by hand, for tests.
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(Variables::Map(
            variables.into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
        ))
    }

    /// The value of a variable, trimmed; `None` when it is unset or blank.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn optional(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Variables::Process => std::env::var(name).ok()?,
            Variables::Map(map) => map.get(name)?.clone(),
        };
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The value of a variable that must be set. `purpose` completes "it must hold …".
    ///
    /// # Errors
    /// [`ConfigError::Missing`], which names the variable and its purpose.
    pub fn required(&self, name: &str, purpose: &str) -> Result<String, ConfigError> {
        self.optional(name).ok_or_else(|| ConfigError::Missing {
            name: name.to_owned(),
            purpose: purpose.to_owned(),
        })
    }

    /// A variable that must be set and read as `T`.
    ///
    /// # Errors
    /// [`ConfigError`] when it is missing or does not read.
    pub fn parsed<T>(&self, name: &str, purpose: &str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        parse(name, purpose, &self.required(name, purpose)?)
    }

    /// A variable that may be unset, and must read as `T` when it is set.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when it is set and does not read.
    pub fn parsed_or<T>(&self, name: &str, purpose: &str, default: T) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.optional(name)
            .map_or(Ok(default), |value| parse(name, purpose, &value))
    }

    /// A secret that must be set. Its `Debug` shows nothing.
    ///
    /// # Errors
    /// [`ConfigError::Missing`].
    pub fn secret(&self, name: &str, purpose: &str) -> Result<SecretString, ConfigError> {
        self.required(name, purpose).map(SecretString::from)
    }

    /// The stage that this process runs in: `STAGE`, or `local`.
    pub fn stage(&self) -> String {
        self.optional("STAGE").unwrap_or_else(|| "local".to_owned())
    }
}

fn parse<T>(name: &str, purpose: &str, value: &str) -> Result<T, ConfigError>
where
    T: FromStr,
    T::Err: Display,
{
    value.parse().map_err(|error: T::Err| ConfigError::Invalid {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_missing_variable_is_named_with_its_purpose() {
        let error = Env::of([("TABLE_NAME", "  ")])
            .required("TABLE_NAME", "the DynamoDB table")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable TABLE_NAME is not set: it must hold the DynamoDB table"
        );
    }

    #[test]
    fn a_value_that_does_not_read_is_not_repeated() {
        let env = Env::of([("WORKERS", "hunter2")]);
        let error = env
            .parsed::<u16>("WORKERS", "a number of workers")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("WORKERS") && error.contains("a number of workers"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(env.parsed_or("ABSENT", "a number", 4_u16), Ok(4));
        assert!(env.parsed_or("WORKERS", "a number", 4_u16).is_err());
    }

    #[test]
    fn a_secret_does_not_show_in_debug() {
        let secret = Env::of([("KEY", "s3cr3t")]).secret("KEY", "a key").unwrap();
        assert!(!format!("{secret:?}").contains("s3cr3t"));
        assert_eq!(secret.expose_secret(), "s3cr3t");
    }

    #[test]
    fn the_process_environment_is_read() {
        assert!(Env::process().optional("PATH").is_some());
        assert_eq!(Env::of::<&str, &str>([]).stage(), "local");
    }
}
