//! One module a resource. Each handler says who may call it (`security`), and what goes in and out.

mod accounts;
mod accuracy;
mod alert_changes;
mod alerts;
mod audit;
mod backtests;
mod batch;
mod book;
mod ctas;
mod duplicates;
mod expand;
mod history;
mod imports;
mod integrations;
mod judged;
mod me;
mod model_decisions;
mod models;
mod outlook;
mod overrides;
mod playbooks;
mod products;
mod profile_draft;
mod profiles;
mod records;
mod rules;
mod settings;
mod stability;
mod timeline;
mod today;
mod tone;
mod tone_model;
mod webhook_deliveries;
mod webhooks;
mod white_space;
mod work;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::problem::ProblemBody;

/// Schemas that no handler names by itself.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ProblemBody, crate::dto::batch::EventIn)))]
struct Base;

/// Every route with its description.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(<Base as utoipa::OpenApi>::openapi())
        .routes(routes!(me::get_me))
        .merge(batch::router())
        .merge(imports::router())
        .merge(accounts::router())
        .merge(duplicates::router())
        .merge(records::router())
        .merge(history::router())
        .merge(tone::router())
        .merge(tone_model::router())
        .merge(outlook::router())
        .merge(products::router())
        .merge(white_space::router())
        .merge(alerts::router())
        .merge(alert_changes::router())
        .merge(rules::router())
        .merge(accuracy::router())
        .merge(backtests::router())
        .merge(today::router())
        .merge(work::router())
        .merge(ctas::router())
        .merge(playbooks::router())
        .merge(models::router())
        .merge(model_decisions::router())
        .merge(integrations::router())
        .merge(settings::router())
        .merge(profiles::router())
        .merge(profile_draft::router())
        .merge(overrides::router())
        .merge(stability::router())
        .merge(webhooks::router())
        .merge(webhook_deliveries::router())
        .merge(audit::router())
}
