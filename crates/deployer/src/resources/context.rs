//! What a resource needs to call AWS: clients, the stack it belongs to, and where to report events.

use crate::{
    aws::Clients,
    change::Events,
    names::{StackId, StackKey},
};

/// What a call that reads needs. It does not know the account, so no reading waits for that.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub aws: &'a Clients,
    pub id: &'a StackKey,
}

/// What every other call needs.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub aws: &'a Clients,
    pub id: &'a StackId,
    pub events: &'a Events,
}

impl<'a> Context<'a> {
    pub fn reader(self) -> Reader<'a> {
        Reader { aws: self.aws, id: self.id }
    }
}
