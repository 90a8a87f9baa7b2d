//! What can go wrong between us and AWS, sorted by what the caller can do about it.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failed call to AWS, or an item that does not read.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// Throttled, timed out, cut off, or the service failed: the same call may go through later.
    #[error("{operation}: the service could not be asked or was too busy")]
    Unavailable {
        /// What we were doing.
        operation: &'static str,
        /// What the SDK said.
        #[source]
        source: Source,
    },
    /// A condition on a write did not hold: somebody else was faster, or the thing is already there.
    #[error("{operation}: the condition of the write did not hold")]
    Conflict {
        /// What we were doing.
        operation: &'static str,
    },
    /// The service said no and will say no again.
    #[error("{operation}: refused by the service")]
    Refused {
        /// What we were doing.
        operation: &'static str,
        /// What the SDK said.
        #[source]
        source: Source,
    },
    /// An item or object of ours that does not read.
    #[error("{what} of {key} does not read")]
    Corrupt {
        /// Which part.
        what: &'static str,
        /// Its key.
        key: String,
        /// Why, where known.
        #[source]
        source: Option<Source>,
    },
}

/// Error codes that a later try may get past. `TransactionCanceled` is sorted by its reasons in `table.rs`.
const TRANSIENT: [&str; 16] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "InternalServerError",
    "InternalFailure",
    "InternalError",
    "InternalException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "RequestTimeout",
    "TransactionInProgressException",
    "TransactionConflictException",
    "LimitExceededException",
];

impl AwsError {
    /// Sorts an SDK error.
    pub fn from_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if matches!(error, SdkError::ServiceError(_)) {
            let status = error.raw_response().map_or(0, |r| r.status().as_u16());
            let code = error.code().unwrap_or_default();
            if code == "ConditionalCheckFailedException" || code == "PreconditionFailed" || status == 412 {
                return Self::Conflict { operation };
            }
            if TRANSIENT.contains(&code) || status >= 500 || status == 429 {
                return Self::Unavailable {
                    operation,
                    source: error.into(),
                };
            }
            return Self::Refused {
                operation,
                source: error.into(),
            };
        }
        // Construction failures are our own bugs; everything else never got an answer.
        if matches!(error, SdkError::ConstructionFailure(_)) {
            Self::Refused {
                operation,
                source: error.into(),
            }
        } else {
            Self::Unavailable {
                operation,
                source: error.into(),
            }
        }
    }

    /// Whether the same call may go through later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Conflict { .. })
    }

    /// Whether a condition did not hold.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}
