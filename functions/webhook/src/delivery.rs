//! A signed request to a raw delivery, by the rules of its source.

use copilot_connectors::canonical::{BodyError, parse_batch};
use copilot_connectors::{generic, stripe};
use copilot_domain::Source;
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::time::Timestamp;
use lambda_http::http::HeaderMap;

use crate::refusal::Refusal;

/// The signature that a request carries.
pub(crate) enum Signed<'a> {
    /// Of our own scheme.
    Generic {
        timestamp: Option<&'a str>,
        signatures: &'a str,
    },
    /// Of Stripe's.
    Stripe { header: &'a str },
}

impl<'a> Signed<'a> {
    /// Finds the signature headers of a source. `stripe` and `stripe-…` (a second Stripe account) sign as Stripe.
    pub(crate) fn read(headers: &'a HeaderMap, source: &Source) -> Result<Self, Refusal> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if source.as_str() == "stripe" || source.as_str().starts_with("stripe-") {
            let header =
                text(stripe::SIGNATURE_HEADER).ok_or(Refusal::MissingSignature(stripe::SIGNATURE_HEADER))?;
            return Ok(Self::Stripe { header });
        }
        let signatures =
            text(generic::SIGNATURE_HEADER).ok_or(Refusal::MissingSignature(generic::SIGNATURE_HEADER))?;
        Ok(Self::Generic {
            timestamp: text(generic::TIMESTAMP_HEADER),
            signatures,
        })
    }

    /// Checks the signature over the raw bytes; answers the signed time.
    pub(crate) fn verify(&self, body: &[u8], secrets: &[&str], now: Timestamp) -> Result<Timestamp, Refusal> {
        let verified = match self {
            Self::Generic {
                timestamp,
                signatures,
            } => generic::verify(*timestamp, Some(signatures), body, secrets, now),
            Self::Stripe { header } => stripe::verify(Some(header), body, secrets, now),
        };
        verified.map_err(Refusal::Signature)
    }

    /// The delivery to keep: named so that the same one has the same name and day however often it comes.
    pub(crate) fn delivery(
        &self,
        source: Source,
        body: &str,
        signed_at: Timestamp,
        received_at: Timestamp,
    ) -> Result<RawDelivery, Refusal> {
        let (format, delivery_id, version_at) = match self {
            Self::Generic { .. } => {
                parse_batch(body).map_err(Refusal::Body)?;
                (
                    Format::Canonical,
                    generic::delivery_id(&source, signed_at, body.as_bytes()),
                    signed_at,
                )
            }
            Self::Stripe { .. } => {
                let shape = || BodyError::Shape("the body is no Stripe event with an `id`".to_owned());
                let Some(event) = stripe::envelope(body) else {
                    // Says where the JSON breaks, when that is what is wrong.
                    return Err(Refusal::Body(parse_batch(body).err().unwrap_or_else(shape)));
                };
                // A retry is signed anew, days later: only the event's own time stays the same.
                (Format::Stripe, event.id, event.created.unwrap_or(signed_at))
            }
        };
        Ok(RawDelivery {
            delivery_id,
            source,
            format,
            received_at,
            version_at,
            body: body.to_owned(),
        })
    }
}
