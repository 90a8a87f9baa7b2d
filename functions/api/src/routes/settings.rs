//! Settings of a tenant.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use copilot_aws::Item;
use copilot_aws::keys;
use copilot_aws::serving::{self, Serving};
use copilot_aws::table::{Condition, Write};
use copilot_aws::tenants::Tenant;
use copilot_domain::limits::MAX_NAME;
use copilot_domain::notify::{self, MAX_LEADS, NotifySettings};
use sha2::{Digest, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::settings::{EmailSettings, QuietHours, Settings, SettingsPatch, SlackSettings};
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag};

/// Names of key events.
const MAX_KEY_EVENTS: usize = 100;
/// Names of competitors.
const MAX_COMPETITORS: usize = 50;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get_settings, update_settings))
}

/// The stored settings, and the item that holds the notification part.
struct Stored {
    notify: NotifySettings,
    tenant: Tenant,
    item: Option<Item>,
    serving: Serving,
    serving_item: Option<Item>,
}

async fn stored(app: &App, caller: &Caller) -> Answer<Stored> {
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let item = app
        .ctx
        .table
        .get(&keys::setting(&caller.tenant, "NOTIFY"))
        .await?;
    let notify = item.as_ref().map(Item::document).transpose()?.unwrap_or_default();
    let (serving, serving_item) = serving::stored(&app.ctx.table, &caller.tenant).await?;
    Ok(Stored {
        notify,
        tenant,
        item,
        serving,
        serving_item,
    })
}

fn shown(notify: &NotifySettings, tenant: &Tenant, serving: &Serving) -> Settings {
    Settings {
        email: EmailSettings {
            enabled: notify.email.enabled,
            digest_hour: notify.email.digest_hour,
        },
        slack: SlackSettings {
            enabled: notify.slack.enabled,
            from_severity: Some(notify.slack.from_severity),
        },
        daily_cap: notify.daily_cap,
        key_events: tenant.key_events.clone(),
        competitors: tenant.competitors.clone(),
        quiet_hours: notify.quiet_hours.as_ref().map(|q| QuietHours {
            from: q.from.clone(),
            to: q.to.clone(),
        }),
        leads: notify.leads.clone(),
        alert_cut: serving.alert_cut,
        text_tone: tenant.text_tone,
    }
}

/// The tag is of the content: two documents make the settings, and only one of them counts its versions.
fn tag(settings: &Settings) -> String {
    let text = serde_json::to_vec(settings).unwrap_or_default();
    format!("\"{}\"", hex::encode(&Sha256::digest(text)[..8]))
}

/// Settings of the tenant
#[utoipa::path(get, path = "/v1/settings", tag = "settings", security(("bearer" = ["read"])),
    responses((status = 200, description = "Settings; their ETag is in the header", body = Settings)))]
async fn get_settings(State(app): Shared, caller: Caller) -> Answer<impl IntoResponse> {
    let stored = stored(&app, &caller).await?;
    let settings = shown(&stored.notify, &stored.tenant, &stored.serving);
    Ok(([(header::ETAG, tag(&settings))], Json(settings)))
}

/// Change settings of the tenant
#[utoipa::path(patch, path = "/v1/settings", tag = "settings", security(("bearer" = ["admin"])),
    request_body = SettingsPatch,
    responses((status = 200, description = "Settings as they are now", body = Settings)))]
async fn update_settings(
    State(app): Shared,
    caller: Caller,
    headers: HeaderMap,
    body::Json(patch): body::Json<SettingsPatch>,
) -> Answer<impl IntoResponse> {
    let Stored {
        mut notify,
        mut tenant,
        item,
        mut serving,
        serving_item,
    } = stored(&app, &caller).await?;
    let before = shown(&notify, &tenant, &serving);
    etag::must_match(&headers, &tag(&before))?;
    let patched_cut = patch.alert_cut.is_some();
    serving.alert_cut = alert_cut(patch.alert_cut)?.unwrap_or(serving.alert_cut);
    apply(patch, &mut notify, &mut tenant)?;
    let after = shown(&notify, &tenant, &serving);
    let rev = item.as_ref().map_or(0, Item::rev) + 1;
    let key = keys::setting(&caller.tenant, "NOTIFY");
    // A document that an operator wrote counts no versions: it is taken as it stands.
    let unchanged = match &item {
        Some(item) if item.rev() == 0 => Condition::None,
        other => Condition::unchanged(other.as_ref()),
    };
    let mut writes = vec![Write::Put(
        Item::new(&key, "notify-settings")
            .number("rev", rev)
            .data(&notify),
        unchanged,
    )];
    let of_tenant = |s: &Settings| (s.key_events.clone(), s.competitors.clone(), s.text_tone);
    if of_tenant(&before) != of_tenant(&after) {
        writes.push(Write::Put(
            Item::new(&keys::tenant(&caller.tenant), "tenant").data(&tenant),
            Condition::None,
        ));
    }
    if patched_cut {
        writes.push(serving::write(&caller.tenant, &serving, serving_item.as_ref()));
    }
    let entry = audit::item(&app, &caller, "settings.update", "settings", &before, &after);
    writes.push(Write::Put(entry, Condition::None));
    app.ctx.table.transact(writes).await.map_err(|error| {
        if error.is_conflict() {
            return Problem::new(Kind::CHANGED, "read them again and repeat the change");
        }
        error.into()
    })?;
    Ok(([(header::ETAG, tag(&after))], Json(after)))
}

fn apply(patch: SettingsPatch, settings: &mut NotifySettings, tenant: &mut Tenant) -> Answer<()> {
    if let Some(email) = patch.email {
        if email.digest_hour > 23 {
            return Err(Problem::field("email.digest_hour", "out_of_range", "0 to 23"));
        }
        settings.email.enabled = email.enabled;
        settings.email.digest_hour = email.digest_hour;
    }
    if let Some(slack) = patch.slack {
        settings.slack.enabled = slack.enabled;
        settings.slack.from_severity = slack.from_severity.unwrap_or(settings.slack.from_severity);
    }
    if let Some(cap) = patch.daily_cap {
        if !(1..=100).contains(&cap) {
            return Err(Problem::field("daily_cap", "out_of_range", "1 to 100"));
        }
        settings.daily_cap = cap;
    }
    if let Some(hours) = patch.quiet_hours {
        let hours = hours.map(|q| notify::QuietHours {
            from: q.from,
            to: q.to,
        });
        if hours.as_ref().is_some_and(|q| q.times().is_none()) {
            return Err(Problem::field(
                "quiet_hours",
                "malformed",
                "expected times like 19:00 and 08:00",
            ));
        }
        settings.quiet_hours = hours;
    }
    if let Some(leads) = patch.leads {
        // As `notify` reads them: an address that it would not send to is refused here, where somebody sees it.
        let read: Option<Vec<String>> = leads.iter().map(|lead| notify::address(lead)).collect();
        let read = read.filter(|leads| leads.len() <= MAX_LEADS).ok_or_else(|| {
            let expected = format!("at most {MAX_LEADS} e-mail addresses such as jo@example.com");
            Problem::field("leads", "malformed", expected)
        })?;
        settings.leads = read;
    }
    if let Some(on) = patch.text_tone {
        tenant.text_tone = on;
    }
    if let Some(names) = patch.competitors {
        tenant.competitors = competitors(&names)?;
    }
    if let Some(events) = patch.key_events {
        let names = events.iter().flatten();
        if events.as_ref().is_some_and(|e| e.len() > MAX_KEY_EVENTS)
            || names
                .clone()
                .any(|n| n.is_empty() || n.chars().count() > MAX_NAME || n.chars().any(char::is_control))
        {
            let limit = format!(
                "at most {MAX_KEY_EVENTS} names of 1 to {MAX_NAME} characters without control characters"
            );
            return Err(Problem::field("key_events", "out_of_range", limit));
        }
        tenant.key_events = events;
    }
    Ok(())
}

fn alert_cut(cut: Option<f64>) -> Answer<Option<f64>> {
    match cut {
        Some(cut) if !(0.01..=0.99).contains(&cut) => {
            Err(Problem::field("alert_cut", "out_of_range", "0.01 to 0.99"))
        }
        cut => Ok(cut),
    }
}

/// Names of competitors, each once; one letter would be found in every word.
fn competitors(names: &[String]) -> Answer<Vec<String>> {
    let mut read: Vec<String> = Vec::new();
    for name in names.iter().map(|name| name.trim()) {
        if !(2..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            let expected = "names of 2 to 60 characters";
            return Err(Problem::field("competitors", "out_of_range", expected));
        }
        if read
            .iter()
            .all(|other| other.to_lowercase() != name.to_lowercase())
        {
            read.push(name.to_owned());
        }
    }
    if read.len() > MAX_COMPETITORS {
        let limit = format!("at most {MAX_COMPETITORS} names");
        return Err(Problem::field("competitors", "too_many", limit));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(json: &str) -> Answer<(NotifySettings, Tenant)> {
        let mut notify = NotifySettings::default();
        let tenant = r#"{"id":"t","name":"T","zone":"UTC","key_events":["login"]}"#;
        let mut tenant: Tenant = serde_json::from_str(tenant).unwrap();
        apply(body::parse(json.as_bytes())?, &mut notify, &mut tenant)?;
        Ok((notify, tenant))
    }

    #[test]
    fn what_is_left_out_stays_and_null_clears() {
        let (notify, tenant) = patched(r#"{"daily_cap":3}"#).unwrap();
        assert_eq!(
            (notify.daily_cap, tenant.key_events.as_deref().map(<[_]>::len)),
            (3, Some(1))
        );
        let (_, tenant) = patched(r#"{"key_events":null}"#).unwrap();
        assert_eq!((tenant.key_events, tenant.text_tone), (None, false));
        let (_, tenant) = patched(r#"{"text_tone":true}"#).unwrap();
        assert!(tenant.text_tone);
        let (notify, tenant) =
            patched(r#"{"competitors":[" Rival ","rival","Other"],"leads":[" Jo@Acme.Example"]}"#).unwrap();
        assert_eq!(tenant.competitors, ["Rival", "Other"]);
        assert_eq!(notify.leads, ["jo@acme.example"]);
    }

    #[test]
    fn a_cut_is_a_probability_that_can_say_yes_and_no() {
        assert_eq!(alert_cut(Some(0.35)).unwrap(), Some(0.35));
        assert_eq!(alert_cut(None).unwrap(), None);
        for cut in [0.0, 1.0, -0.5, f64::NAN] {
            assert_eq!(alert_cut(Some(cut)).unwrap_err().errors[0].field, "alert_cut");
        }
    }

    #[test]
    fn limits_are_named() {
        for (json, field) in [
            (r#"{"daily_cap":0}"#, "daily_cap"),
            (
                r#"{"email":{"enabled":true,"digest_hour":24}}"#,
                "email.digest_hour",
            ),
            (r#"{"quiet_hours":{"from":"7","to":"08:00"}}"#, "quiet_hours"),
            (r#"{"leads":["nobody"]}"#, "leads"),
            (r#"{"leads":["Jo <jo@x.com>"]}"#, "leads"),
            (r#"{"leads":["jo@corp"]}"#, "leads"),
            (r#"{"competitors":["Rival","x"]}"#, "competitors"),
        ] {
            assert_eq!(patched(json).unwrap_err().errors[0].field, field, "{json}");
        }
    }
}
