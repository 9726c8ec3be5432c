//! `outputs`: the stack's endpoint, ids and scopes, for scripts.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use super::{context::Context, stack};
use crate::{outputs::Outputs, ui::Table};

#[derive(Serialize)]
#[serde(transparent)]
struct View(Outputs);

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(&self.0).fmt(f)
    }
}

/// Outputs as rows of name and value.
pub(super) fn table(outputs: &Outputs) -> Table {
    let mut table = Table::default();
    let rows = [
        ("stack", &outputs.stack),
        ("stage", &outputs.stage),
        ("region", &outputs.region),
        ("account_id", &outputs.account_id),
        ("endpoint", &outputs.endpoint),
        ("token_url", &outputs.token_url),
        ("client_id", &outputs.client_id),
        ("user_pool_id", &outputs.user_pool_id),
        ("rest_api_id", &outputs.rest_api_id),
        ("function_name", &outputs.function_name),
        ("scopes", &outputs.scopes.join(" ")),
    ];
    for (name, value) in rows {
        table.row([name.to_owned(), value.clone()]);
    }
    table
}

pub(super) async fn run(context: &Context) -> Result<u8> {
    context.ui.print(&View(stack::outputs(context).await?))?;
    Ok(0)
}
