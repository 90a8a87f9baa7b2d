//! `expand=account`: the cards of the accounts that the rows of a page are of, read with one batch.

use std::collections::HashMap;

use copilot_aws::keys;
use copilot_domain::ids::AccountId;

use crate::App;
use crate::access::Caller;
use crate::dto::account::AccountCard;
use crate::filter::Params;
use crate::problem::Answer;

/// Whether the cards are asked for.
///
/// # Errors
/// A 422 that says what can be.
pub(super) fn wanted(params: &mut Params) -> Answer<bool> {
    Ok(params.word("expand", &["account"])?.is_some())
}

/// The cards of accounts. One that is gone has none.
///
/// # Errors
/// The store's own.
pub(super) async fn cards(
    app: &App,
    caller: &Caller,
    accounts: impl Iterator<Item = AccountId>,
) -> Answer<HashMap<AccountId, AccountCard>> {
    let by_key: HashMap<_, _> = accounts
        .map(|account| (keys::account(&caller.tenant, account), account))
        .collect();
    let wanted: Vec<_> = by_key.keys().cloned().collect();
    let mut cards = HashMap::new();
    for (key, item) in app.ctx.table.get_many(&wanted, false).await? {
        if let Some(account) = by_key.get(&key) {
            cards.insert(*account, item.document()?);
        }
    }
    Ok(cards)
}
