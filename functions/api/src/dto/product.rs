//! Products: what accounts own, what each is likely to take next, and the grid of both.

use copilot_domain::model::Placed;
use copilot_domain::product::{NextProduct, ProductRun, ProductVersion};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was learnt of the tenant's products: what answers, what it was learnt from, and how well it does.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProductsView {
    /// The version that answers; `null` where nothing is told.
    pub own: Option<Placed>,
    /// Whether the version that should answer cannot be loaded, so that nothing is told.
    pub lost: bool,
    /// Whether there is something to go back to.
    pub can_go_back: bool,
    /// Accounts that must have taken something new in the months of the test.
    pub takers_needed: usize,
    /// Versions, the newest first.
    pub versions: Vec<ProductVersion>,
    /// The newest run.
    pub last_run: Option<ProductRun>,
    /// The products that most accounts own, at most 200; empty where nothing answers.
    pub products: Vec<ProductOwners>,
    /// For `If-Match` of going back.
    pub etag: String,
}

/// A product by its owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductOwners {
    /// Its name.
    pub name: String,
    /// Accounts that own it; `null` where nothing was counted.
    pub owners: Option<u32>,
    /// Whether anybody bought it in the last 180 days: only those are told.
    pub sold: bool,
}

/// What an account owns and is likely to take next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountProducts {
    /// Products that it owns, the one bought last first; at most 200.
    pub owned: Vec<OwnedProduct>,
    /// Products that it owns, in all.
    pub owned_total: usize,
    /// What it is likely to take next, the likeliest first.
    pub next: Vec<NextProduct>,
    /// The version that tells of it; `null` where nothing is told.
    pub version: Option<String>,
    /// Why nothing is told, in words.
    pub note: Option<String>,
}

/// A product that an account owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnedProduct {
    /// Its name.
    pub product: String,
    /// The first bill with it, or the begin of its subscription.
    pub first: Date,
    /// The last bill with it; of a subscription that runs, today.
    pub last: Date,
    /// Bills with it.
    pub bills: u32,
    /// The last day in the last 90 on which an event of its name was seen.
    pub used: Option<Date>,
}

/// A page of the grid of products and accounts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhiteSpacePage {
    /// The products, in the order of the cells.
    pub columns: Vec<ProductOwners>,
    /// The accounts.
    pub data: Vec<WhiteSpaceRow>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// An account in the grid.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhiteSpaceRow {
    /// Account id.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its CSM.
    pub owner: Option<String>,
    /// Products that it owns, listed or not.
    pub owned: usize,
    /// How it stands to each of the columns.
    pub cells: Vec<WhiteSpaceCell>,
}

/// How an account stands to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhiteSpaceCell {
    /// Owns it, and events of its name were seen in the last 90 days.
    Used,
    /// Owns it; no event of its name was seen.
    Owned,
    /// Does not own it, and it is among those that it is likeliest to take next: a fifth of what may be told, 3 to 10.
    Fit,
    /// Neither.
    Untouched,
}
